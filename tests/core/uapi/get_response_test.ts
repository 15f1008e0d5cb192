import assert from "node:assert/strict";
import { Endpoint } from "../../../core/endpoint.ts";
import { EMPTY_PEER } from "./empty_peer.ts";
import { IpAddress } from "../../../core/ip.ts";
import {
  formatUapiGet,
  type UapiAllowedIp,
  type UapiDevice,
  type UapiPeer,
} from "../../../core/uapi/get_response.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const hex = (byte: number) => byte.toString(16).padStart(2, "0").repeat(32);
const bytesOf = (text: string) => IpAddress.parse(text)?.bytes ?? new Uint8Array(4);

interface TestPeer extends UapiPeer {
  readonly ips: readonly UapiAllowedIp[];
}

const PEER: TestPeer = {
  ...EMPTY_PEER,
  ips: [],
};

function device(values: Partial<UapiDevice<TestPeer>>): UapiDevice<TestPeer> {
  return {
    privateKey: null,
    listenPort: 0,
    fwmark: 0,
    peers: [],
    allowedIps: (peer) => peer.ips,
    ...values,
  };
}

/** Chunks share a buffer, so they have to be decoded one by one. */
function chunksOf(device: UapiDevice<TestPeer>): string[] {
  const decoder = new TextDecoder();
  const chunks: string[] = [];
  for (const chunk of formatUapiGet(device)) chunks.push(decoder.decode(chunk));
  return chunks;
}

const textOf = (device: UapiDevice<TestPeer>) => chunksOf(device).join("");

Deno.test("formatUapiGet leaves out what an interface doesn't have", () => {
  assert.equal(textOf(device({})), "errno=0\n\n");
  assert.equal(textOf(device({ privateKey: key(0) })), "errno=0\n\n");
});

Deno.test("formatUapiGet writes wireguard-go's lines in its order", () => {
  const peers: TestPeer[] = [PEER, {
    publicKey: key(2),
    presharedKey: key(0xab),
    endpoint: new Endpoint(bytesOf("192.0.2.1"), 51820),
    lastHandshake: 1_700_000_000_123,
    sentBytes: Number.MAX_SAFE_INTEGER,
    receivedBytes: 1372,
    persistentKeepaliveInterval: 65535,
    ips: [
      { address: bytesOf("10.0.0.0"), prefixLength: 8 },
      { address: bytesOf("::"), prefixLength: 0 },
    ],
  }];
  const state = device({ privateKey: key(0x40), listenPort: 51820, fwmark: 0xffffffff, peers });
  assert.equal(
    textOf(state),
    `private_key=${hex(0x40)}
listen_port=51820
fwmark=4294967295
public_key=${hex(1)}
preshared_key=${hex(0)}
protocol_version=1
last_handshake_time_sec=0
last_handshake_time_nsec=0
tx_bytes=0
rx_bytes=0
persistent_keepalive_interval=0
public_key=${hex(2)}
preshared_key=${hex(0xab)}
protocol_version=1
endpoint=192.0.2.1:51820
last_handshake_time_sec=1700000000
last_handshake_time_nsec=123000000
tx_bytes=9007199254740991
rx_bytes=1372
persistent_keepalive_interval=65535
allowed_ip=10.0.0.0/8
allowed_ip=::/0
errno=0

`,
  );
});

Deno.test("formatUapiGet writes IPv6 endpoints in brackets, with their zone", () => {
  const endpoint = new Endpoint(bytesOf("fe80::1"), 1, 7);
  const peers = [{ ...PEER, endpoint }];
  assert.ok(textOf(device({ peers })).includes("\nendpoint=[fe80::1%7]:1\n"));
  const zoneName = (scopeId: number) => `eth${scopeId}`;
  assert.ok(textOf(device({ peers, zoneName })).includes("\nendpoint=[fe80::1%eth7]:1\n"));
  const others = ["ff02::1", "ff01::1", "::1"].map((text) => {
    return { ...PEER, endpoint: new Endpoint(bytesOf(text), 1, 7) };
  });
  const text = textOf(device({ peers: others, zoneName }));
  assert.deepEqual(text.match(/(?<=^endpoint=).*/gm), [
    "[ff02::1%eth7]:1",
    "[ff01::1%7]:1",
    "[::1%7]:1",
  ]);
  const global = [{ ...PEER, endpoint: new Endpoint(bytesOf("2001:db8::1"), 65535) }];
  assert.ok(textOf(device({ peers: global })).includes("\nendpoint=[2001:db8::1]:65535\n"));
});

Deno.test("formatUapiGet hands out chunks of some KiB, however much there is", () => {
  const ips = Array.from({ length: 20_000 }, (_, i) => {
    return { address: Uint8Array.of(10, i >> 16, i >> 8, i), prefixLength: 32 };
  });
  const many = Array.from({ length: 500 }, () => PEER);
  const chunks = chunksOf(device({ peers: [...many, { ...PEER, ips }, ...many] }));
  assert.ok(chunks.length > 100);
  assert.ok(chunks.every((chunk) => chunk.length > 0 && chunk.length <= 5120));
  const text = chunks.join("");
  assert.equal(text.match(/^public_key=/gm)?.length, 1001);
  assert.equal(text.match(/^allowed_ip=/gm)?.length, 20_000);
  assert.ok(text.endsWith("\nerrno=0\n\n"));
});

Deno.test("formatUapiGet wipes its buffer at the end, also at an early one", () => {
  const peers = Array.from({ length: 100 }, () => PEER);
  for (const stopEarly of [false, true]) {
    let buffer: ArrayBufferLike | null = null;
    for (const chunk of formatUapiGet(device({ privateKey: key(0x40), peers }))) {
      buffer = chunk.buffer;
      if (stopEarly) break;
    }
    assert.ok(buffer !== null && new Uint8Array(buffer).every((byte) => byte === 0));
  }
});
