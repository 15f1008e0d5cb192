import assert from "node:assert/strict";
import type { InterfaceState, PeerState } from "../../../core/interface_state.ts";
import { formatUapiChange } from "../../../core/uapi/change_request.ts";
import { noActivity } from "../../../core/uapi/get_reader.ts";
import { parseWgFile } from "../../../core/wg/config.ts";
import { syncChange } from "../../../core/wg/syncconf.ts";
import { parseUapiEndpoint } from "../../../core/uapi/values.ts";
import { TestSurroundings } from "./surroundings.ts";

const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const base64 = (byte: number) => bytes(byte).toBase64();
const hex = (byte: number) => bytes(byte).toHex();
const CLEARED = `private_key=${hex(0)}\nfwmark=0\nlisten_port=0\n`;

function peer(byte: number, more: Partial<PeerState> = {}): PeerState {
  return { publicKey: bytes(byte), presharedKey: null, allowedIps: [], ...noActivity(), ...more };
}

/** The request of a `syncconf`, without its first and last line. */
function request(text: string, peers: PeerState[]): string {
  const running: InterfaceState = {
    name: "wg0",
    privateKey: null,
    publicKey: null,
    listenPort: 0,
    fwmark: 0,
    peers,
  };
  const change = syncChange(parseWgFile(text, "replace", new TestSurroundings()), running);
  const decoder = new TextDecoder();
  const chunks = Array.from(formatUapiChange(change), (chunk) => decoder.decode(chunk));
  return chunks.join("").slice("set=1\n".length, -1);
}

const peerText = (byte: number, ...lines: string[]) =>
  `[Peer]\nPublicKey=${base64(byte)}\n${lines.map((line) => `${line}\n`).join("")}`;
const peerLines = (byte: number, ...lines: string[]) =>
  `public_key=${hex(byte)}\n${lines.map((line) => `${line}\n`).join("")}replace_allowed_ips=true\n`;

Deno.test("peers that stay aren't removed, others are", () => {
  assert.equal(
    request(peerText(2) + peerText(4), [peer(1), peer(2), peer(3)]),
    `${CLEARED}public_key=${hex(1)}\nremove=true\npublic_key=${hex(3)}\nremove=true\n` +
      peerLines(4),
  );
});

Deno.test("without peers on one side all are replaced", () => {
  assert.equal(request("", [peer(1)]), `${CLEARED}replace_peers=true\n`);
  assert.equal(request(peerText(1), []), `${CLEARED}replace_peers=true\n${peerLines(1)}`);
});

Deno.test("a preshared key and a keepalive that the file drops are cleared", () => {
  const running = peer(1, { presharedKey: bytes(9), persistentKeepalive: 25 });
  assert.equal(
    request(peerText(1), [running]),
    CLEARED + peerLines(1, `preshared_key=${hex(0)}`, "persistent_keepalive_interval=0"),
  );
  assert.equal(
    request(peerText(1, `PresharedKey=${base64(8)}`, "PersistentKeepalive=7"), [running]),
    CLEARED + peerLines(1, `preshared_key=${hex(8)}`, "persistent_keepalive_interval=7"),
  );
  assert.equal(
    request(peerText(1), [peer(1, { persistentKeepalive: 25 })]),
    CLEARED + peerLines(1, "persistent_keepalive_interval=0"),
  );
});

Deno.test("a later section of a peer counts against one that drops something", () => {
  const running = peer(1, { presharedKey: bytes(9) });
  assert.equal(
    request(peerText(1) + peerText(1, `PresharedKey=${base64(8)}`), [running]),
    CLEARED + peerLines(1, `preshared_key=${hex(0)}`) + peerLines(1, `preshared_key=${hex(8)}`),
  );
});

Deno.test("what isn't the peers' is as in setconf", () => {
  const text = `[Interface]\nPrivateKey=${base64(5)}\nListenPort=7\nFwMark=8\n${peerText(1)}`;
  assert.equal(
    request(text, [peer(1)]),
    `private_key=${hex(5)}\nfwmark=8\nlisten_port=7\n`,
  );
});

const FULL_TEXT = peerText(
  1,
  `PresharedKey=${base64(9)}`,
  "Endpoint=192.0.2.1:5",
  "PersistentKeepalive=25",
  "AllowedIPs=10.1.2.3/8, fd00::/64",
);
const FULL: Partial<PeerState> = {
  presharedKey: bytes(9),
  endpoint: parseUapiEndpoint("192.0.2.1:5"),
  persistentKeepalive: 25,
  allowedIps: ["10.0.0.0/8", "fd00::/64"],
};
const FULL_LINES = `public_key=${hex(1)}\npreshared_key=${hex(9)}\nendpoint=192.0.2.1:5\n` +
  "persistent_keepalive_interval=25\nreplace_allowed_ips=true\n" +
  "allowed_ip=10.1.2.3/8\nallowed_ip=fd00::/64\n";

Deno.test("a peer of which nothing differs is left alone, and one of which anything does isn't", () => {
  assert.equal(request(FULL_TEXT, [peer(1, FULL)]), CLEARED);
  const others: Partial<PeerState>[] = [
    { presharedKey: bytes(8) },
    { presharedKey: null },
    { endpoint: null },
    { endpoint: parseUapiEndpoint("192.0.2.1:6") },
    { persistentKeepalive: 0 },
    { persistentKeepalive: 26 },
    { allowedIps: [] },
    { allowedIps: ["10.0.0.0/8"] },
    { allowedIps: ["10.0.0.0/8", "fd00::/65"] },
    { allowedIps: ["10.0.0.0/8", "fd00::/64", "::/0"] },
  ];
  for (const other of others) {
    assert.equal(request(FULL_TEXT, [peer(1, { ...FULL, ...other })]), CLEARED + FULL_LINES);
  }
  // Where it has roamed to, it stays, if the file doesn't name a place.
  const roamed = peer(1, { endpoint: parseUapiEndpoint("[2001:db8::1]:9") });
  assert.equal(request(peerText(1), [roamed]), CLEARED);
  const added = peerText(1, "AllowedIPs=+10.0.0.0/8");
  assert.match(request(added, [peer(1, { allowedIps: ["10.0.0.0/8"] })]), /allowed_ip=10/);
  const removed = peerText(1, "AllowedIPs=-10.0.0.0/8", "AllowedIPs=::/0");
  const both = peer(1, { allowedIps: ["10.0.0.0/8", "::/0"] });
  assert.match(request(removed, [both]), /allowed_ip=-10.0.0.0\/8\nallowed_ip=::\/0/);
});

Deno.test("a peer that is listed twice is left alone only if it is the same both times", () => {
  const same = peer(1, FULL), other = peer(1, { ...FULL, allowedIps: [] });
  assert.equal(request(FULL_TEXT, [same, same]), CLEARED);
  assert.equal(request(FULL_TEXT, [same, other]), CLEARED + FULL_LINES);
  assert.equal(request(FULL_TEXT, [other, same]), CLEARED + FULL_LINES);
});

Deno.test("a peer stays with its allowed IP or loses it, as the order in the file says", () => {
  const running = [peer(1, { allowedIps: ["10.0.0.0/8"] }), peer(2), peer(3)];
  const first = peerText(1, "AllowedIPs=10.0.0.0/8"), second = peerText(2, "AllowedIPs=10.9.0.0/8");
  const firstLines = `${peerLines(1)}allowed_ip=10.0.0.0/8\n`;
  const secondLines = `${peerLines(2)}allowed_ip=10.9.0.0/8\n`;
  const third = peerText(3);
  assert.equal(request(first + second + third, running), CLEARED + firstLines + secondLines);
  assert.equal(request(second + third + first, running), CLEARED + secondLines + firstLines);
});
