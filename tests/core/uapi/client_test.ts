import assert from "node:assert/strict";
import { x25519 } from "@noble/curves/ed25519.js";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { formatKey, parseHexKey } from "../../../core/keys.ts";
import { checkUapiResult, isCompleteAnswer, UapiError } from "../../../core/uapi/client.ts";
import { UapiGetReader } from "../../../core/uapi/get_reader.ts";
import { parseUapiGet } from "../../../core/uapi/parse_get.ts";
import { formatUapiSet } from "../../../core/uapi/set_request.ts";
import { formatUapiResult } from "../../../core/uapi/command.ts";
import { readUsualLines, readWholeLines } from "../../../core/uapi/usual_lines.ts";
import { parseUapiEndpoint } from "../../../core/uapi/values.ts";

const hex = (byte: number) => byte.toString(16).padStart(2, "0").repeat(32);
const base64 = (byte: number) => formatKey(new Uint8Array(32).fill(byte));
const CONTEXT = {
  name: "wg0",
  publicKeyOf: (privateKey: Uint8Array) => privateKey.map((byte) => byte + 1),
  wall: 1_700_000_100_999,
};

Deno.test("parseUapiGet reads an answer of wireguard-go", () => {
  const state = parseUapiGet(
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
preshared_key=${hex(9)}
protocol_version=1
endpoint=[fe80::1%eth0]:51820
last_handshake_time_sec=1700000000
last_handshake_time_nsec=5
tx_bytes=12345678901
rx_bytes=1
persistent_keepalive_interval=25
allowed_ip=10.0.0.0/8
allowed_ip=fd00::/64
errno=0

`,
    CONTEXT,
  );
  const { peers: [first, second], ...device } = state;
  assert.deepEqual(device, {
    name: "wg0",
    privateKey: parseHexKey(hex(0x40)),
    publicKey: new Uint8Array(32).fill(0x41),
    listenPort: 51820,
    fwmark: 0xffffffff,
  });
  assert.deepEqual(first, {
    publicKey: parseHexKey(hex(1)),
    presharedKey: null,
    endpoint: null,
    allowedIps: [],
    lastHandshake: { seconds: 0, nanoseconds: 0 },
    receivedBytes: 0,
    sentBytes: 0,
    persistentKeepalive: 0,
  });
  const { allowedIps, endpoint, ...rest } = second ?? assert.fail();
  assert.deepEqual(allowedIps.map(String), ["10.0.0.0/8", "fd00::/64"]);
  assert.deepEqual(endpoint, parseUapiEndpoint("[fe80::1%eth0]:51820"));
  assert.deepEqual(rest, {
    publicKey: parseHexKey(hex(2)),
    presharedKey: parseHexKey(hex(9)),
    lastHandshake: { seconds: 1_700_000_000, nanoseconds: 5 },
    receivedBytes: 1,
    sentBytes: 12345678901,
    persistentKeepalive: 25,
  });
});

Deno.test("parseUapiGet skips keys that it doesn't know", () => {
  const text = `new_key=1\npublic_key=${hex(1)}\nother=a=b\nrx_bytes=7\nerrno=0\n\n`;
  assert.equal(parseUapiGet(text, CONTEXT).peers[0]?.receivedBytes, 7);
});

Deno.test("parseUapiGet turns the ages that boringtun tells into times", () => {
  const state = parseUapiGet(
    `own_public_key=${hex(7)}\nlisten_port=1\npublic_key=${hex(1)}\nlast_handshake_time_sec=100\n` +
      `last_handshake_time_nsec=9\npublic_key=${hex(2)}\nerrno=0\n\n`,
    CONTEXT,
  );
  assert.deepEqual(state.publicKey, parseHexKey(hex(7)));
  assert.equal(state.privateKey, null);
  assert.deepEqual(state.peers[0]?.lastHandshake, { seconds: 1_700_000_000, nanoseconds: 0 });
  assert.deepEqual(state.peers[1]?.lastHandshake, { seconds: 0, nanoseconds: 0 });
});

Deno.test("parseUapiGet takes the public key of no private key, which boringtun tells, for none", () => {
  const none = x25519.getPublicKey(new Uint8Array(32)).toHex();
  const read = (key: string) => parseUapiGet(`own_public_key=${key}\nerrno=0\n\n`, CONTEXT);
  assert.equal(read(none).publicKey, null);
  assert.deepEqual(read(hex(7)).publicKey, parseHexKey(hex(7)));
});

Deno.test("parseUapiGet rejects errors and malformed answers", () => {
  const refused = (errno: number) => (error: unknown) =>
    error instanceof UapiError && error.errno === errno;
  for (const text of ["errno=5\n\n", "errno=-5\n\n", `public_key=${hex(1)}\nerrno=5\n\n`]) {
    assert.throws(() => parseUapiGet(text, CONTEXT), refused(5));
  }
  const malformed = [
    "",
    "\n",
    "HTTP/1.1 400 Bad Request\n\n",
    "no equals sign\nerrno=0\n\n",
    `private_key=${hex(1).slice(1)}\nerrno=0\n\n`,
    "listen_port=65536\nerrno=0\n\n",
    "fwmark=x\nerrno=0\n\n",
    `public_key=${hex(1)}\nendpoint=nowhere\nerrno=0\n\n`,
    `public_key=${hex(1)}\nallowed_ip=10/8\nerrno=0\n\n`,
    `public_key=${hex(1)}\nallowed_ip=10.0.0.0\nerrno=0\n\n`,
    "errno=2147483648\n\n",
    `public_key=${hex(1)}\nrx_bytes=-1\nerrno=0\n\n`,
  ];
  for (const text of malformed) {
    assert.throws(() => parseUapiGet(text, CONTEXT), refused(0), text);
  }
});

Deno.test("an answer is complete with its blank line, and 0 means done", () => {
  assert.ok(!isCompleteAnswer("errno=0\n"));
  assert.ok(isCompleteAnswer("errno=0\n\n"));
  assert.equal(formatUapiResult(0), "errno=0\n\n");
  assert.equal(formatUapiResult(22), "errno=-22\n\n");
  checkUapiResult(formatUapiResult(0));
  assert.throws(() => checkUapiResult(formatUapiResult(98)), { name: "UapiError", errno: 98 });
  assert.throws(() => checkUapiResult(""), { errno: 0 });
});

Deno.test("formatUapiSet says what a config says", () => {
  const config = parseQuickConfig(
    `[Interface]
PrivateKey = ${base64(0x40)}
ListenPort = 51820
FwMark = 0x10
Address = 10.0.0.1/24
[Peer]
PublicKey = ${base64(1)}
PresharedKey = ${base64(2)}
Endpoint = vpn.example.com:51820
AllowedIPs = 10.0.0.1/8, ::/0
PersistentKeepalive = 25
[Peer]
PublicKey = ${base64(3)}
Endpoint = unknown.example.com:1`,
    "wg0.conf",
  );
  const request = formatUapiSet(
    config,
    ({ host, port }) => host === "vpn.example.com" ? parseUapiEndpoint(`[::1]:${port}`) : null,
  );
  assert.equal(
    request,
    `set=1
private_key=${hex(0x40)}
fwmark=16
listen_port=51820
replace_peers=true
public_key=${hex(1)}
preshared_key=${hex(2)}
endpoint=[::1]:51820
persistent_keepalive_interval=25
replace_allowed_ips=true
allowed_ip=10.0.0.0/8
allowed_ip=::/0
public_key=${hex(3)}
replace_allowed_ips=true

`,
  );
});

Deno.test("formatUapiSet clears what a config doesn't say", () => {
  const config = parseQuickConfig("", "wg0.conf");
  const cleared = (fwmark: number) =>
    `set=1\nprivate_key=${hex(0)}\nfwmark=${fwmark}\nlisten_port=0\nreplace_peers=true\n\n`;
  assert.equal(formatUapiSet(config, () => null), cleared(0));
  assert.equal(formatUapiSet(config, () => null, 51820), cleared(51820));
});

Deno.test("parseUapiGet takes the last errno, and a zero private key, as wg does", () => {
  const text = `errno=5\nprivate_key=${hex(0)}\nerrno=0\n\n`;
  const state = parseUapiGet(text, CONTEXT);
  assert.deepEqual(state.privateKey, new Uint8Array(32));
  assert.throws(() => parseUapiGet("errno=0\nerrno=5\n\n", CONTEXT), { errno: 5 });
});

Deno.test("UapiGetReader reads an answer in parts as parseUapiGet does at once", () => {
  const peer = (byte: number, rest: string) =>
    `public_key=${hex(byte)}\npreshared_key=${hex(byte >> 4)}\nprotocol_version=1\n${rest}` +
    "last_handshake_time_sec=7\nlast_handshake_time_nsec=8\ntx_bytes=9\nrx_bytes=10\n";
  // Long enough to be read by expressions.
  const padding = "unknown=1\n".repeat(2000);
  const text = `private_key=${hex(3)}\nlisten_port=1\n${padding}` +
    peer(0x10, "endpoint=192.0.2.1:2\n") + "persistent_keepalive_interval=25\n" +
    "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n" +
    peer(2, "") + "persistent_keepalive_interval=0\nallowed_ip=0::/0\n" +
    peer(3, "endpoint=[fe80::1%eth0]:3\n") + "persistent_keepalive_interval=65535\n" +
    "allowed_ip=10.1.0.0/16\nerrno=0\n\nnothing counts here";
  const whole = parseUapiGet(text, CONTEXT);
  assert.deepEqual(parseUapiGet(text.replace(padding, ""), CONTEXT), whole);
  assert.deepEqual(whole.peers.map(({ allowedIps }) => allowedIps.join()), [
    "10.0.0.0/8,fd00::/64",
    "::/0",
    "10.1.0.0/16",
  ]);
  assert.deepEqual(whole.peers.map((peer) => peer.persistentKeepalive), [25, 0, 65535]);
  for (let size = 1; size < text.length; size = Math.ceil(size * 1.3)) {
    const reader = new UapiGetReader(CONTEXT);
    for (let at = 0; at < text.length; at += size) {
      // Who finds that an answer is long does so in its middle.
      if (at > padding.length) reader.usualLines = readUsualLines;
      reader.push(text.slice(at, at + size));
    }
    assert.deepEqual(reader.finish(), whole, `parts of ${size}`);
  }
});

Deno.test("UapiGetReader ends at the first line that is malformed, as wg does", () => {
  for (const size of [1, 5, 100]) {
    const reader = new UapiGetReader(CONTEXT);
    const text = `public_key=${hex(1)}\nno equals sign\n`;
    assert.throws(() => {
      for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
    }, { name: "UapiError", errno: 0 });
  }
});

Deno.test("a long answer, read by expression, tells what a short one does", () => {
  const allowedIps = ["10.0.0.0/8", "10.0.0.1/08", "fd00::/64", "FD00::1/128", "0:0::/0", "::/0"];
  const peer = (count: number) =>
    `public_key=${hex(1)}\n` +
    allowedIps.map((text) => `allowed_ip=${text}\n`).join("").repeat(count);
  const read = (count: number) =>
    parseUapiGet(`${peer(count)}${peer(1)}errno=0\n\n`, CONTEXT).peers.map((peer) =>
      peer.allowedIps
    );
  const [short = [], last] = read(1), [long, lastOfLong] = read(1000);
  const reader = new UapiGetReader(CONTEXT);
  reader.usualLines = readWholeLines;
  reader.push(`${peer(1000)}errno=0\n\n`);
  const lines = reader.finish().peers.flatMap(({ allowedIps }) => allowedIps)
    .map((text) => text.endsWith("\n") ? text : `allowed_ip=${text}\n`);
  assert.deepEqual(lines.join("").trim().split(/\n?allowed_ip=/).slice(1), long);
  assert.ok(lines.includes("allowed_ip=10.0.0.0/8\n"));
  assert.deepEqual(short, last);
  assert.deepEqual(short.slice(2), ["fd00::/64", "fd00::1/128", "::/0", "::/0"]);
  assert.deepEqual(long, Array(1000).fill(short).flat());
  assert.deepEqual(lastOfLong, short);
});
