import assert from "node:assert/strict";
import fc from "fast-check";
import { Endpoint } from "../../../core/endpoint.ts";
import { EMPTY_PEER } from "./empty_peer.ts";
import { isZero } from "../../../core/memory.ts";
import { SHOW_FIELDS } from "../../../core/show/field_names.ts";
import { formatShowField } from "../../../core/show/fields.ts";
import { formatShow } from "../../../core/show/pretty.ts";
import { formatShowconf } from "../../../core/show/showconf.ts";
import { formatUapiGet, type UapiAllowedIp } from "../../../core/uapi/get_response.ts";
import { parseUapiGet } from "../../../core/uapi/parse_get.ts";
import type { PrintedDevice, PrintedPeer } from "../../../core/uapi/print_formats.ts";
import { PRINTED, type PrintFormat, type PrintRequest } from "../../../core/uapi/print_request.ts";
import { formatUapiPrint } from "../../../core/uapi/print_response.ts";

const WALL = 1_700_000_000_000;
const REQUEST: PrintRequest = {
  format: "show",
  name: "wg0",
  prefixed: false,
  showKeys: true,
  color: false,
};
const FORMATS: readonly PrintFormat[] = ["show", "showconf", ...SHOW_FIELDS];

interface TestPeer extends PrintedPeer {
  readonly ips: readonly UapiAllowedIp[];
}

const key = (byte: number) => new Uint8Array(32).fill(byte);
const PEER: TestPeer = {
  ...EMPTY_PEER,
  removed: false,
  ips: [],
};

function device(values: Partial<PrintedDevice<TestPeer>>): PrintedDevice<TestPeer> {
  return {
    privateKey: null,
    publicKey: null,
    listenPort: 0,
    fwmark: 0,
    peers: [],
    allowedIps: (peer) => peer.ips,
    zoneName: (scopeId) => scopeId === 2 ? "eth0" : String(scopeId),
    ...values,
  };
}

/** Chunks share a buffer, so they have to be decoded one by one. */
function textOf(chunks: Iterable<Uint8Array>): string {
  const decoder = new TextDecoder();
  return Array.from(chunks, (chunk) => decoder.decode(chunk)).join("");
}

/** What a command prints of a `get`. */
function printState(device: PrintedDevice<TestPeer>, request: PrintRequest): string {
  const { format, name, prefixed, showKeys, color } = request;
  const state = parseUapiGet(textOf(formatUapiGet(device)), {
    name,
    wall: WALL,
    publicKeyOf: () => device.publicKey,
  });
  if (format === "show") return formatShow(state, { wall: () => WALL, color, showKeys });
  return format === "showconf" ? formatShowconf(state) : formatShowField(state, format, prefixed);
}

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const maybeKey = fc.option(fc.oneof(anyKey, fc.constant(key(0))));
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.constant(Uint8Array.of(0xfe, 0x80, ...new Array(13).fill(0), 1)),
  fc.constant(Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1)),
);
const allowedIp = address.chain((address) =>
  fc.record({
    address: fc.constant(address),
    prefixLength: fc.integer({ min: 0, max: 8 * address.length }),
  })
);
const count = fc.oneof(fc.constant(0), fc.nat(2000), fc.maxSafeNat());
const anyPeer: fc.Arbitrary<TestPeer> = fc.record({
  publicKey: anyKey,
  presharedKey: maybeKey,
  endpoint: fc.option(
    fc.tuple(address, fc.nat(0xffff), fc.nat(3))
      .map(([address, port, scopeId]) => new Endpoint(address, port, scopeId)),
  ),
  lastHandshake: fc.oneof(
    fc.constant(0),
    fc.integer({ min: WALL - 100_000_000, max: WALL + 5000 }),
    fc.double({ min: WALL - 10_000, max: WALL, noNaN: true }),
  ),
  sentBytes: count,
  receivedBytes: count,
  persistentKeepaliveInterval: fc.oneof(fc.constant(0), fc.nat(0xffff)),
  removed: fc.constant(false),
  ips: fc.array(allowedIp, { maxLength: 6 }),
});
const anyDevice = fc.record({
  privateKey: maybeKey,
  publicKey: anyKey,
  listenPort: fc.oneof(fc.constant(0), fc.nat(0xffff)),
  fwmark: fc.oneof(fc.constant(0), fc.nat(0xffff_ffff)),
  peers: fc.array(anyPeer, { maxLength: 8 }),
});

for (const format of FORMATS) {
  Deno.test(`an engine prints ${format} byte for byte as a command prints what a get tells`, () => {
    const request = fc.record({
      format: fc.constant(format),
      name: fc.constantFrom("wg0", "a-name=of.15chr"),
      prefixed: fc.boolean(),
      showKeys: fc.boolean(),
      color: fc.boolean(),
    });
    fc.assert(
      fc.property(anyDevice, request, (values, request) => {
        const hasKey = values.privateKey !== null && !isZero(values.privateKey);
        const printed = device({ ...values, publicKey: hasKey ? values.publicKey : null });
        const text = textOf(formatUapiPrint(printed, request, () => WALL));
        assert.equal(text, printState(printed, request) + PRINTED);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("no key is printed that is to be hidden", () => {
  const secrets = { privateKey: key(0x22), publicKey: key(0x33) };
  const peers = [{ ...PEER, presharedKey: key(0x44) }];
  const hidden = { ...REQUEST, showKeys: false };
  const text = textOf(formatUapiPrint(device({ ...secrets, peers }), hidden, () => WALL));
  for (const secret of [secrets.privateKey, key(0x44)]) {
    assert.ok(!text.includes(secret.toBase64().slice(0, 10)));
  }
  assert.equal(text.match(/\(hidden\)/g)?.length, 2);
});

Deno.test("what is printed comes in chunks of some KiB, however much there is", () => {
  const ips = Array.from({ length: 20_000 }, (_, i) => {
    return { address: Uint8Array.of(10, i >> 16, i >> 8, i), prefixLength: 32 };
  });
  const many = Array.from({ length: 500 }, () => PEER);
  const peers = [...many, { ...PEER, ips }, ...many];
  for (const format of FORMATS) {
    const request = { ...REQUEST, format };
    const sizes = Array.from(
      formatUapiPrint(device({ peers }), request, () => WALL),
      (chunk) => chunk.length,
    );
    assert.ok(Math.max(...sizes) <= 5120, format);
    assert.equal(
      textOf(formatUapiPrint(device({ peers }), request, () => WALL)),
      printState(device({ peers }), request) + PRINTED,
    );
  }
});

Deno.test("a peer that goes while others are printed isn't printed", () => {
  for (const format of ["show", "dump"] as const) {
    const peers = Array.from({ length: 1000 }, () => ({ ...PEER, removed: false }));
    let text = "";
    const decoder = new TextDecoder();
    for (const chunk of formatUapiPrint(device({ peers }), { ...REQUEST, format }, () => WALL)) {
      text += decoder.decode(chunk);
      if (text !== "") { for (const peer of peers.slice(500)) peer.removed = true; }
    }
    const count = text.split(PEER.publicKey.toBase64()).length - 1;
    assert.equal(count, 500, format);
  }
});

Deno.test("a handshake that comes while others are printed isn't one of the future", () => {
  let wall = WALL;
  const peers = Array.from({ length: 1000 }, () => ({ ...PEER }));
  let text = "";
  const decoder = new TextDecoder();
  for (const chunk of formatUapiPrint(device({ peers }), REQUEST, () => wall)) {
    text += decoder.decode(chunk);
    wall += 1000;
    for (const peer of peers) peer.lastHandshake = wall;
  }
  assert.ok(text.includes("\n  latest handshake: Now\n") && !text.includes("backward"));
});

Deno.test("what was printed is wiped at the end, also at an early one", () => {
  const peers = Array.from({ length: 100 }, () => PEER);
  for (const stopEarly of [false, true]) {
    let buffer: ArrayBufferLike | null = null;
    for (
      const chunk of formatUapiPrint(device({ privateKey: key(4), peers }), REQUEST, () => WALL)
    ) {
      buffer = chunk.buffer;
      if (stopEarly) break;
    }
    assert.ok(buffer !== null && isZero(new Uint8Array(buffer)));
  }
});
