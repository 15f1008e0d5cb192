import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMessage, encodeCall, messageSize } from "../../../core/dbus/message.ts";
import { DbusFormatError, splitSignature } from "../../../core/dbus/signature.ts";
import {
  parseResolvedServers,
  readResolvedProperty,
  RESOLVED,
} from "../../../core/dns/resolved.ts";
import { decodeValues, encodeValues } from "../../../core/dbus/values.ts";

function bytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => parseInt(pair, 16));
}

// Recorded between busctl and systemd-resolved 252 with strace(1).
/** `busctl get-property`: the property DNSEx. */
const GET_SERVERS = bytes(
  "6c01000132000000020000009000000001016f00190000002f6f72672f667265656465736b746f70" +
    "2f7265736f6c7665310000000000000003017300030000004765740000000000020173001f000000" +
    "6f72672e667265656465736b746f702e444275732e50726f70657274696573000601730018000000" +
    "6f72672e667265656465736b746f702e7265736f6c76653100000000000000000801670002737300" +
    "200000006f72672e667265656465736b746f702e7265736f6c7665312e4d616e6167657200000000" +
    "05000000444e53457800",
);

/** The answer to it: 10.255.255.53 of no link, and 10.1.2.53 of link 2. */
const SERVERS = bytes(
  "6c02010149000000070000002d000000050175000200000006017300040000003a312e3300000000" +
    "080167000176000007017300040000003a312e300000000009612869696179717329000039000000" +
    "0000000002000000040000000affff35000000000000000000000000000000000200000002000000" +
    "040000000a010235000000000000000000",
);

/** `busctl call … SetLinkDNS ia(iay) 77 1 2 4 10 1 2 53`. */
const SET_LINK_DNS = bytes(
  "6c0104011400000002000000a500000001016f00190000002f6f72672f667265656465736b746f70" +
    "2f7265736f6c76653100000000000000030173000a0000005365744c696e6b444e53000000000000" +
    "02017300200000006f72672e667265656465736b746f702e7265736f6c7665312e4d616e61676572" +
    "000000000000000006017300180000006f72672e667265656465736b746f702e7265736f6c766531" +
    "0000000000000000080167000769612869617929000000004d0000000c0000000200000004000000" +
    "0a010235",
);

/** The answer to it. */
const NO_SUCH_LINK = bytes(
  "6c03010116000000080000005d000000050175000200000006017300040000003a312e3400000000" +
    "04017300230000006f72672e667265656465736b746f702e7265736f6c7665312e4e6f537563684c" +
    "696e6b0000000000080167000173000007017300040000003a312e3000000000110000004c696e6b" +
    "203737206e6f74206b6e6f776e00",
);

Deno.test("D-Bus signatures are split into complete types", () => {
  assert.deepEqual(splitSignature("ia(iay)a(sb)v"), ["i", "a(iay)", "a(sb)", "v"]);
  assert.deepEqual(splitSignature(""), []);
  for (const wrong of ["(", "()", "a", "(i", "i)", "x", "a{sv}", "a".repeat(40) + "i"]) {
    assert.throws(() => splitSignature(wrong), DbusFormatError, wrong);
  }
});

Deno.test("D-Bus values are aligned as the specification says", () => {
  assert.deepEqual(
    encodeValues("yia(iay)", [7, -2, [[2, Uint8Array.of(10, 1, 2, 53)], [10, new Uint8Array(1)]]]),
    bytes(
      "07000000 feffffff 19000000 00000000 02000000 04000000 0a010235 00000000" +
        "0a000000 01000000 00",
    ),
  );
  assert.deepEqual(
    encodeValues("ba(sb)", [true, [["~.", false], ["corp", true]]]),
    bytes(
      "01000000 20000000 02000000 7e2e0000 00000000 00000000 04000000 636f7270 00000000 01000000",
    ),
  );
  assert.deepEqual(encodeValues("a(iay)", [[]]), bytes("00000000 00000000"));
  assert.throws(() => encodeValues("s", [1]), DbusFormatError);
  assert.throws(() => encodeValues("ii", [1]), DbusFormatError);
});

Deno.test("D-Bus calls are those that busctl makes", () => {
  assert.deepEqual(encodeCall(readResolvedProperty("DNSEx"), 2), GET_SERVERS);
  const call = encodeCall({
    destination: RESOLVED,
    path: "/org/freedesktop/resolve1",
    interface: "org.freedesktop.resolve1.Manager",
    member: "SetLinkDNS",
    signature: "ia(iay)",
    body: [77, [[2, Uint8Array.of(10, 1, 2, 53)]]],
  }, 2);
  const recorded = SET_LINK_DNS.slice();
  recorded[2] = 0; // busctl lets a human be asked
  assert.deepEqual(call, recorded);
  for (let length = 0; length < 16; length++) {
    assert.equal(messageSize(call.subarray(0, length)), null);
  }
  assert.equal(messageSize(call.subarray(0, 16)), call.length);
});

Deno.test("answers and errors of systemd-resolved are understood", () => {
  const { type, replySerial, errorName, body } = decodeMessage(SERVERS);
  assert.deepEqual({ type, replySerial, errorName }, { type: 2, replySerial: 2, errorName: null });
  assert.deepEqual(
    parseResolvedServers(body).map(({ link, address, port }) => `${link} ${address} ${port}`),
    ["0 10.255.255.53 53", "2 10.1.2.53 53"],
  );
  assert.deepEqual(decodeMessage(NO_SUCH_LINK), {
    type: 3,
    replySerial: 2,
    errorName: "org.freedesktop.resolve1.NoSuchLink",
    body: ["Link 77 not known"],
  });
});

Deno.test("messages of big-endian senders are understood", () => {
  const big = bytes("42020101 00000000 00000009 00000008 05017500 00000102");
  assert.equal(messageSize(big), big.length);
  assert.deepEqual(decodeMessage(big), { type: 2, replySerial: 258, errorName: null, body: [] });
});

Deno.test("values of D-Bus survive the way to bytes and back", () => {
  const server = fc.tuple(fc.integer(), fc.uint8Array({ maxLength: 20 }));
  const domain = fc.tuple(fc.string(), fc.boolean());
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 255 }),
    fc.array(server),
    fc.array(domain),
    fc.string({ unit: "grapheme" }),
    (y, servers, domains, text) => {
      const values = [y, servers, domains, { signature: "a(iay)", value: servers }, text];
      const encoded = encodeValues("ya(iay)a(sb)vs", values);
      const decoded = decodeValues(encoded, 0, "ya(iay)a(sb)vs", true);
      assert.deepEqual(decoded, { values, end: encoded.length });
    },
  ));
});

Deno.test("no bytes make the decoder of D-Bus do more than refuse them", () => {
  const call = encodeValues("yyyyuua(yv)", [0x6c, 2, 1, 1, 0, 1, [
    [5, { signature: "u", value: 1 }],
    [8, { signature: "g", value: "va(iayqs)" }],
  ]]);
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 64 }),
    fc.array(fc.tuple(fc.nat({ max: call.length - 1 }), fc.nat({ max: 255 })), { maxLength: 3 }),
    (tail, changes) => {
      const message = Uint8Array.from([...call, ...tail]);
      for (const [at, value] of changes) message[at] = value;
      try {
        messageSize(message);
        decodeMessage(message);
      } catch (error) {
        assert.ok(error instanceof DbusFormatError, String(error));
      }
    },
  ));
});
