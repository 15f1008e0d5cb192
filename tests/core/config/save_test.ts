import assert from "node:assert/strict";
import { ConfigDocument } from "../../../core/config/document.ts";
import { ConfigError } from "../../../core/config/error.ts";
import { hostsToLookUp, type RunningTunnel, saveConfig } from "../../../core/config/save.ts";
import type { PeerState } from "../../../core/interface_state.ts";
import {
  address,
  key,
  KEY_A,
  KEY_B,
  KEY_C,
  NAMED,
  options,
  parse,
  peerState,
  prefix,
  running,
  save,
} from "./save_tunnel.ts";

const CONFIG = `\
# The office. Ask Alice before you change anything.
[Interface]
  PrivateKey   = ${KEY_C} # never leaves this host
  Address      = 10.0.0.1/24
  Address      = fd00::1/64   # since 2021
  ListenPort   = 51820
  MTU          = 1400
  PostUp       = iptables -A FORWARD -i %i -j ACCEPT # not a comment
  SaveConfig   = true

# ---- people ----

# Alice
[peer]
publickey=${KEY_A}
AllowedIPs = 10.0.0.2, 10.0.0.3/32 ,10.0.0.4 # phone, laptop, tablet
Endpoint = vpn.example.com:51820
PersistentKeepalive = 25 # NAT

# Bob, until March
[Peer]
PublicKey = ${KEY_B}
# Endpoint = old.example.com:1
AllowedIPs = 10.0.1.0/24
AllowedIPs = 10.0.2.0/24
# Name = Robert

# vim: ft=conf
`;

/** Saves {@linkcode CONFIG} after `change`, and gives the lines that went (-) and came (+). */
function edit(change: (tunnel: RunningTunnel) => RunningTunnel | void, text = CONFIG): string[] {
  const tunnel = running(parse(text));
  const saved = save(text, change(tunnel) ?? tunnel).split("\n");
  const before = text.split("\n");
  const prefixLength = before.findIndex((line, i) => line !== saved[i]);
  if (prefixLength < 0) return saved.slice(before.length).map((line) => `+${line}`);
  let end = 0;
  while (
    end < Math.min(before.length, saved.length) - prefixLength &&
    before.at(-1 - end) === saved.at(-1 - end)
  ) end++;
  return [
    ...before.slice(prefixLength, before.length - end).map((line) => `-${line}`),
    ...saved.slice(prefixLength, saved.length - end).map((line) => `+${line}`),
  ];
}

function firstPeer({ state }: RunningTunnel): PeerState {
  const [peer] = state.peers;
  assert(peer !== undefined);
  return peer;
}

Deno.test("save: a changed value is replaced in its line", () => {
  assert.deepEqual(edit(({ state }) => void (state.listenPort = 443)), [
    "-  ListenPort   = 51820",
    "+  ListenPort   = 443",
  ]);
  assert.deepEqual(edit((tunnel) => ({ ...tunnel, mtu: 1280 })), [
    "-  MTU          = 1400",
    "+  MTU          = 1280",
  ]);
  assert.deepEqual(edit(({ state }) => void (state.privateKey = key(KEY_B))), [
    `-  PrivateKey   = ${KEY_C} # never leaves this host`,
    `+  PrivateKey   = ${KEY_B} # never leaves this host`,
  ]);
  assert.deepEqual(edit((tunnel) => void (firstPeer(tunnel).persistentKeepalive = 0)), [
    "-PersistentKeepalive = 25 # NAT",
    "+PersistentKeepalive = off # NAT",
  ]);
});

Deno.test("save: a new value is written like the lines around it", () => {
  assert.deepEqual(edit(({ state }) => void (state.fwmark = 0xca6c)), [
    "+  FwMark       = 0xca6c",
  ]);
  assert.deepEqual(edit((tunnel) => void (firstPeer(tunnel).presharedKey = key(KEY_B))), [
    `+PresharedKey = ${KEY_B}`,
  ]);
  const windows = CONFIG.replaceAll("\n", "\r\n");
  assert.deepEqual(edit(({ state }) => void (state.fwmark = 1), windows), [
    "+  FwMark       = 0x1\r",
  ]);
});

Deno.test("save: addresses come and go by lines or within one", () => {
  const set = (...texts: string[]) =>
    edit((tunnel) => ({ ...tunnel, addresses: texts.map(prefix) }));
  assert.deepEqual(set("fd00::1/64", "10.0.0.1/24"), []);
  assert.deepEqual(set("10.0.0.9/24", "fd00::1/64"), [
    "-  Address      = 10.0.0.1/24",
    "+  Address      = 10.0.0.9/24",
  ]);
  assert.deepEqual(set("10.0.0.1/24", "fd00::1/64", "10.7.0.1/16"), [
    "+  Address      = 10.7.0.1/16",
  ]);
  assert.deepEqual(set("10.0.0.1/24"), ["-  Address      = fd00::1/64   # since 2021"]);
  const one = "[Interface]\nAddress = 10.0.0.1/24  fd00::1/64 # both\n";
  const both = running(parse(one));
  assert.equal(
    save(one, { ...both, addresses: [prefix("fd00::1/64"), prefix("10.1.1.1/8")] }),
    "[Interface]\nAddress = fd00::1/64  10.1.1.1/8 # both\n",
  );
});

Deno.test("save: allowed IPs come and go, and those that stay keep their spelling", () => {
  const set = (...texts: string[]) => edit((tunnel) => void (firstPeer(tunnel).allowedIps = texts));
  assert.deepEqual(set("10.0.0.4/32", "10.0.0.3/32", "10.0.0.2/32"), []);
  assert.deepEqual(set("10.0.0.2/32", "10.0.0.4/32", "10.9.0.0/16"), [
    "-AllowedIPs = 10.0.0.2, 10.0.0.3/32 ,10.0.0.4 # phone, laptop, tablet",
    "+AllowedIPs = 10.0.0.2, 10.0.0.4, 10.9.0.0/16 # phone, laptop, tablet",
  ]);
  assert.deepEqual(set(), [
    "-AllowedIPs = 10.0.0.2, 10.0.0.3/32 ,10.0.0.4 # phone, laptop, tablet",
  ]);
});

Deno.test("save: a prefix that changes hands leaves no claim behind", () => {
  const text = `[Peer]\nPublicKey = ${KEY_A}\nAllowedIPs = 10.0.0.0/8, fd00::/8\n` +
    `[Peer]\nPublicKey = ${KEY_B}\nAllowedIPs = 10.0.0.0/8\n`;
  const tunnel = running(parse(text));
  for (const peer of tunnel.state.peers) {
    peer.allowedIps = peer.allowedIps.filter((prefix) => prefix !== "10.0.0.0/8");
  }
  assert.equal(
    save(text, tunnel),
    `[Peer]\nPublicKey = ${KEY_A}\nAllowedIPs = fd00::/8\n[Peer]\nPublicKey = ${KEY_B}\n`,
  );
});

Deno.test("save: a name stays while it may be where the peer is", () => {
  const roam = (text: string, port = 51820) =>
    edit((tunnel) => {
      firstPeer(tunnel).endpoint = { address: address(text), port, zone: "" };
    });
  assert.deepEqual(roam(String(NAMED)), []);
  const replaced = (endpoint: string) => [
    "-Endpoint = vpn.example.com:51820",
    `+Endpoint = ${endpoint}`,
  ];
  assert.deepEqual(roam("198.51.100.1"), replaced("198.51.100.1:51820"));
  assert.deepEqual(roam("2001:db8::1"), replaced("[2001:db8::1]:51820"));
  assert.deepEqual(roam(String(NAMED), 1024), replaced(`${NAMED}:1024`));
  assert.deepEqual(edit((tunnel) => void (firstPeer(tunnel).endpoint = null)), []);
  const document = ConfigDocument.parse(CONFIG, "wg0.conf");
  const tunnel = running(parse(CONFIG));
  firstPeer(tunnel).endpoint = { address: address("198.51.100.1"), port: 51820, zone: "" };
  const unknown = { ...options, addressesOf: () => null };
  assert.equal(saveConfig(document, tunnel, unknown).toString(), CONFIG);
});

Deno.test("save: a peer at a fallback endpoint keeps its endpoint", () => {
  const text = `[Interface]
[Peer]
PublicKey = ${KEY_A}
Endpoint = vpn.example:1
FallbackEndpoints = 192.0.2.9:2, b.example:3
`;
  const tunnel = running(parse(text));
  const stateAt = (host: string, port: number) => ({
    ...tunnel.state,
    peers: [peerState(key(KEY_A ?? ""), { endpoint: { address: address(host), port, zone: "" } })],
  });
  const at = (host: string, port: number) => save(text, { ...tunnel, state: stateAt(host, port) });
  assert.deepEqual([...hostsToLookUp(parse(text).peers, stateAt("192.0.2.9", 3))], ["b.example"]);
  assert.equal(at("192.0.2.9", 2), text);
  assert.equal(at(String(NAMED), 3), text);
  assert.match(at("192.0.2.9", 4), /^Endpoint = 192.0.2.9:4$/m);
});

Deno.test("save: only names that a decision hangs on are to be looked up", () => {
  const { peers } = parse(CONFIG);
  const tunnel = running(parse(CONFIG));
  assert.deepEqual([...hostsToLookUp(peers, tunnel.state)], ["vpn.example.com"]);
  firstPeer(tunnel).endpoint = { address: NAMED, port: 1, zone: "" };
  assert.deepEqual([...hostsToLookUp(peers, tunnel.state)], []);
  firstPeer(tunnel).endpoint = null;
  assert.deepEqual([...hostsToLookUp(peers, tunnel.state)], []);
});

Deno.test("save: a peer that is gone goes with its own comments and no others", () => {
  const without = (index: number) => edit(({ state }) => void state.peers.splice(index, 1));
  assert.deepEqual(without(0), [
    "-# Alice",
    "-[peer]",
    `-publickey=${KEY_A}`,
    "-AllowedIPs = 10.0.0.2, 10.0.0.3/32 ,10.0.0.4 # phone, laptop, tablet",
    "-Endpoint = vpn.example.com:51820",
    "-PersistentKeepalive = 25 # NAT",
    "-",
  ]);
  assert.deepEqual(without(1), [
    "-# Bob, until March",
    "-[Peer]",
    `-PublicKey = ${KEY_B}`,
    "-# Endpoint = old.example.com:1",
    "-AllowedIPs = 10.0.1.0/24",
    "-AllowedIPs = 10.0.2.0/24",
    "-# Name = Robert",
    "-",
  ]);
  const end = `[Interface]\n\n# Alice\n[Peer]\nPublicKey = ${KEY_A}\n`;
  const tunnel = running(parse(end));
  tunnel.state.peers = [];
  assert.equal(save(end, tunnel), "[Interface]\n");
});

Deno.test("save: lines that name a peer go with it and with no other", () => {
  const alice = `# ID: 1\n# Name: Alice\n# Endpoint = old:1\n[Peer]\nPublicKey = ${KEY_A}\n`;
  const bob = `# Name = Bob\n[Peer]\nPublicKey = ${KEY_B}\n`;
  const without = (text: string, index: number) => {
    const tunnel = running(parse(text));
    tunnel.state.peers.splice(index, 1);
    return save(text, tunnel);
  };
  for (const between of ["", "\n"]) {
    assert.equal(without(`[Interface]\n\n${alice}${between}${bob}`, 0), `[Interface]\n\n${bob}`);
    assert.equal(without(`[Interface]\n\n${alice}${between}${bob}`, 1), `[Interface]\n\n${alice}`);
  }
  // Without the setting between them, both lines would be Bob's.
  const close = `[Peer]\nPublicKey = ${KEY_A}\n# Name = Alice\nEndpoint = 192.0.2.1:1\n${bob}`;
  const tunnel = running(parse(close));
  firstPeer(tunnel).endpoint = null;
  assert.equal(save(close, tunnel), close.replace("Endpoint = 192.0.2.1:1", ""));
  // Without the setting below it, the line would stand apart.
  const apart = `[Peer]\nPublicKey = ${KEY_A}\n\n# Name = Alice\nEndpoint = 192.0.2.1:1\n\n${bob}`;
  assert.equal(
    save(apart, tunnel),
    `[Peer]\nPublicKey = ${KEY_A}\n# Name = Alice\n\n\n${bob}`,
  );
  // Without the setting in between, it would go with the section that is commented out.
  const dead = apart.replace(/(?<=Alice\n)/, "# [Peer]\n").replace("\n\n", "\n");
  assert.equal(
    save(dead, tunnel),
    `[Peer]\nPublicKey = ${KEY_A}\n# Name = Alice\n\n# [Peer]\n\n${bob}`,
  );
});

Deno.test("save: a peer with the interface's own key, which none keeps, stays", () => {
  const tunnel = running(parse(CONFIG));
  const [alice] = tunnel.state.peers.splice(0, 1);
  const publicKey = alice?.publicKey ?? null;
  assert.equal(save(CONFIG, { ...tunnel, state: { ...tunnel.state, publicKey } }), CONFIG);
});

Deno.test("save: new peers are appended as showconf writes them", () => {
  const added = peerState(key(KEY_C), {
    presharedKey: key(KEY_B),
    allowedIps: ["10.3.0.0/16", "fd03::/64"],
    endpoint: { address: address("2001:db8::3"), port: 3, zone: "" },
    persistentKeepalive: 3,
  });
  const section = [
    "[Peer]",
    `PublicKey = ${KEY_C}`,
    `PresharedKey = ${KEY_B}`,
    "AllowedIPs = 10.3.0.0/16, fd03::/64",
    "Endpoint = [2001:db8::3]:3",
    "PersistentKeepalive = 3",
  ];
  assert.deepEqual(edit(({ state }) => void state.peers.push(added)), [
    ...[...section, ""].map((line) => `+${line}`),
  ]);
  const bare = "[Interface]";
  const tunnel = running(parse(bare));
  tunnel.state.peers.push(added, peerState(key(KEY_A)));
  assert.equal(
    save(bare, tunnel),
    `[Interface]\n\n${section.join("\n")}\n\n[Peer]\nPublicKey = ${KEY_A}\n`,
  );
  const empty = running(parse(""));
  empty.state.listenPort = 7;
  assert.equal(save("", empty), "[Interface]\nListenPort = 7\n\n");
});

Deno.test("save: refuses a config that isn't valid", () => {
  const tunnel = running(parse(CONFIG));
  assert.throws(() => save(CONFIG + "Adress = 1\n", tunnel), ConfigError);
});
