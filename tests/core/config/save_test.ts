import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigDocument } from "../../../core/config/document.ts";
import { ConfigError } from "../../../core/config/error.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { hostsToLookUp, type RunningTunnel, saveConfig } from "../../../core/config/save.ts";
import type { ConfigEndpoint, QuickConfig } from "../../../core/config/types.ts";
import type { PeerState } from "../../../core/interface_state.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import { overlaps } from "../../../core/prefix_difference.ts";
import { formatKey, isZeroKey, parseKey } from "../../../core/keys.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { formatUapiEndpoint } from "../../../core/uapi/values.ts";
import { generateConfig } from "../../fuzz/targets/config.ts";
import { VALID } from "../../fuzz/words.ts";
import { SeededRandom } from "../seeded_random.ts";

const servicePort = (name: string) => name === "domain" ? 53 : null;
const options = {
  servicePort,
  addressesOf: () => [NAMED],
  readKeyFile: (): Uint8Array => assert.fail("no file to read"),
  warn: (problem: string): void => assert.fail(problem),
};
const [KEY_A, KEY_B, KEY_C] = VALID.key;
const NAMED = address("203.0.113.7");

function address(text: string): IpAddress {
  const parsed = IpAddress.parse(text);
  assert(parsed !== null);
  return parsed;
}

function prefix(text: string): IpPrefix {
  const parsed = IpPrefix.parse(text);
  assert(parsed !== null);
  return parsed;
}

function key(text: string): Uint8Array {
  const parsed = parseKey(text);
  assert(parsed !== null);
  return parsed;
}

function resolve({ host, port }: ConfigEndpoint): UapiEndpoint {
  const [text = "", zone = ""] = host.split("%");
  return { address: IpAddress.parse(text) ?? NAMED, port, zone };
}

function orNull(key: Uint8Array | undefined): Uint8Array | null {
  return key === undefined || isZeroKey(key) ? null : key;
}

function peerState(publicKey: Uint8Array, rest: Partial<PeerState> = {}): PeerState {
  return {
    publicKey,
    presharedKey: null,
    allowedIps: [],
    endpoint: null,
    persistentKeepalive: 0,
    lastHandshake: { seconds: 0, nanoseconds: 0 },
    receivedBytes: 0,
    sentBytes: 0,
    ...rest,
  };
}

/** The tunnel that `config` makes. */
function running(config: QuickConfig): RunningTunnel {
  const { privateKey, listenPort = 0, fwmark = 0, addresses, mtu = 1420 } = config.interface;
  const peers = config.peers.map((peer) =>
    peerState(peer.publicKey, {
      presharedKey: orNull(peer.presharedKey),
      allowedIps: peer.allowedIps.map(String),
      endpoint: peer.endpoint === undefined ? null : resolve(peer.endpoint),
      persistentKeepalive: peer.persistentKeepalive ?? 0,
    })
  );
  const state = {
    name: "wg0",
    privateKey: orNull(privateKey),
    publicKey: null,
    listenPort,
    fwmark,
    peers,
  };
  return { state, addresses: [...addresses], mtu };
}

function parse(text: string): QuickConfig {
  return parseQuickConfig(text, "wg0.conf", { servicePort });
}

function save(text: string, tunnel: RunningTunnel): string {
  return saveConfig(ConfigDocument.parse(text, "wg0.conf"), tunnel, options).toString();
}

/** What a tunnel is, whatever the order of its parts. */
function meaning({ state, addresses }: RunningTunnel) {
  const sorted = (items: readonly (IpPrefix | string)[]) => [...new Set(items.map(String))].sort();
  return {
    privateKey: state.privateKey,
    listenPort: state.listenPort,
    fwmark: state.fwmark,
    addresses: sorted(addresses),
    peers: state.peers.map((peer) => ({
      publicKey: formatKey(peer.publicKey),
      presharedKey: peer.presharedKey,
      allowedIps: sorted(peer.allowedIps),
      endpoint: peer.endpoint === null ? null : formatUapiEndpoint(peer.endpoint),
      persistentKeepalive: peer.persistentKeepalive,
    })).sort((a, b) => a.publicKey < b.publicKey ? -1 : 1),
  };
}

/** Valid configs as the fuzzer makes them, each with a seed. */
const validConfigs = fc.integer().map((seed) => {
  const random = new SeededRandom(seed);
  for (;;) {
    const text = withComments(generateConfig(random), random);
    try {
      const config = parse(text);
      if (!saysMoreThanAState(config)) return { text, config, random };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }
});

/** A state can't tell what is in files, or in whose stead an endpoint is: these have tests of their own. */
function saysMoreThanAState({ interface: { privateKeyFile }, peers }: QuickConfig): boolean {
  return privateKeyFile !== undefined ||
    peers.some(({ presharedKeyFile, fallbackEndpoints }) =>
      presharedKeyFile !== undefined || fallbackEndpoints !== undefined
    );
}

function withComments(text: string, random: SeededRandom): string {
  return text.split("\n").flatMap((line, i) => {
    const lines = random.chance(20) && !line.includes("#") ? [`${line} # behind ${i}`] : [line];
    if (random.chance(15)) lines.unshift(`# above ${i}`);
    if (random.chance(15)) lines.unshift("");
    if (random.chance(5)) lines.push(`# Name = name ${i}`);
    return lines;
  }).join("\n");
}

/** Some other state that an interface could be in. */
function disturb(
  tunnel: RunningTunnel,
  random: SeededRandom,
  config: QuickConfig,
): RunningTunnel {
  const keys = [...VALID.key.slice(0, 3), "K".repeat(42) + "Y=", "Z".repeat(42) + "Y="].map(key);
  const prefixes = VALID.prefix.map((text) => String(prefix(text).masked()));
  const { state } = tunnel;
  const left = state.peers.filter(() => random.chance(80));
  const added = keys.filter((key) =>
    random.chance(20) && !state.peers.some((peer) => formatKey(peer.publicKey) === formatKey(key))
  );
  const peers = [...left, ...added.map((key) => peerState(key))];
  for (const peer of peers) {
    if (random.chance(20)) peer.presharedKey = random.chance(50) ? null : key(KEY_B);
    if (random.chance(20)) peer.persistentKeepalive = random.below(3) * 20;
    if (random.chance(20)) {
      peer.endpoint = { address: address("198.51.100.9"), port: 1 + random.below(9), zone: "" };
    }
  }
  // What is excluded can't be saved; that has a test of its own.
  const exclusions = [config.interface, ...config.peers]
    .flatMap(({ disallowedIps = [] }) => disallowedIps);
  for (const prefix of prefixes) {
    if (!random.chance(30)) continue;
    if (exclusions.some((other) => overlaps(other, IpPrefix.parse(prefix) ?? other))) continue;
    const owner = peers[random.below(peers.length + 1)];
    for (const peer of peers) {
      peer.allowedIps = peer.allowedIps.filter((other) => other !== prefix);
    }
    owner?.allowedIps.push(prefix);
  }
  state.peers = peers;
  if (random.chance(20)) state.listenPort = random.below(3);
  if (random.chance(20)) state.fwmark = random.below(3) * 0x10000;
  if (random.chance(20)) state.privateKey = random.chance(50) ? null : key(KEY_C);
  const addresses = tunnel.addresses.filter(() => random.chance(70));
  const more = ["10.9.0.1/24", "10.9.0.2/24", "fd09::1/64"].map(prefix);
  return { ...tunnel, addresses: [...addresses, ...more.filter(() => random.chance(20))] };
}

Deno.test("save: the state that a config makes leaves it as it is", () => {
  fc.assert(
    fc.property(validConfigs, ({ text, config }) => {
      assert.equal(save(text, running(config)), text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("save: what a peer with exclusions claimed in vain isn't its when the other peer goes", () => {
  const text = "[Interface]\n[Peer]\n" +
    `PublicKey = ${KEY_A}\nDisallowedIPs = 10.0.0.1\nAllowedIPs = 10.0.0.0/8, fd00::/64\n` +
    `[Peer]\nPublicKey = ${KEY_B}\nAllowedIPs = fd00::/64\n`;
  const tunnel = running(parse(text));
  tunnel.state.peers.pop();
  assert.deepEqual(meaning(running(parse(save(text, tunnel)))), meaning(tunnel));
});

Deno.test("save: the config means the state, whatever it was", () => {
  fc.assert(
    fc.property(validConfigs, ({ text, config, random }) => {
      const tunnel = disturb(running(config), random, config);
      const saved = save(text, tunnel);
      assert.deepEqual(meaning(running(parse(saved))), meaning(tunnel), saved);
      assert.equal(save(saved, tunnel), saved, "not once for all");
    }),
    { numRuns: 3000 },
  );
});

/** What no state tells of, but for the line of a table's name. */
function untouched({ interface: config }: QuickConfig) {
  const { dns, table, preUp, postUp, preDown, postDown, saveConfig } = config;
  const name = typeof table === "object" ? table.name : table;
  return { dns, table: name, preUp, postUp, preDown, postDown, saveConfig };
}

Deno.test("save: what the state says nothing of stays, in its order, and peers keep their names", () => {
  fc.assert(
    fc.property(validConfigs, ({ text, config, random }) => {
      const tunnel = disturb(running(config), random, config);
      const stay = new Set(tunnel.state.peers.map((peer) => formatKey(peer.publicKey)));
      const saved = save(text, tunnel);
      const after = parse(saved);
      // A section with two public keys may give its name to both.
      const count = (pattern: RegExp) => text.match(pattern)?.length;
      const hasOneKeyEach = count(/^\W*peer\W*$/gim) === count(/^\s*publickey/gim);
      for (const { publicKey, name } of hasOneKeyEach ? config.peers : []) {
        if (!stay.has(formatKey(publicKey))) continue;
        const peer = after.peers.find((peer) => formatKey(peer.publicKey) === formatKey(publicKey));
        assert.equal(peer?.name, name);
      }
      assert.deepEqual(untouched(after), untouched(config));
      if (config.peers.every(({ publicKey }) => stay.has(formatKey(publicKey)))) {
        const comments = (text: string) =>
          text.split("\n").filter((line) => /^\s*(#|$)/.test(line));
        const lines = comments(saved).map((line) => line.trim());
        let at = 0;
        for (const comment of comments(text.trimEnd()).map((line) => line.trim())) {
          at = lines.indexOf(comment, at) + 1;
          assert(at > 0, `lost ${JSON.stringify(comment)}`);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

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
