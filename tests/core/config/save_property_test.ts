import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../../core/config/error.ts";
import type { RunningTunnel } from "../../../core/config/save.ts";
import type { QuickConfig } from "../../../core/config/types.ts";
import { IpPrefix } from "../../../core/ip.ts";
import { overlaps } from "../../../core/prefix_difference.ts";
import { formatKey } from "../../../core/keys.ts";
import { generateConfig } from "../../fuzz/targets/config.ts";
import { VALID } from "../../fuzz/words.ts";
import { SeededRandom } from "../seeded_random.ts";
import {
  address,
  key,
  KEY_A,
  KEY_B,
  KEY_C,
  meaning,
  parse,
  peerState,
  prefix,
  running,
  save,
} from "./save_tunnel.ts";

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
    if (random.chance(8)) lines.push(`# Name = name ${i}`);
    if (random.chance(5)) lines.unshift(`# Name: title ${i}`);
    if (random.chance(3)) lines.push("# [Peer]");
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
      const hasOneKeyEach = count(/^\s*\[\s*peer\s*\]/gim) === count(/^\s*publickey/gim);
      const names = new Map(
        config.peers.map(({ publicKey, name }) => [formatKey(publicKey), name]),
      );
      for (const { publicKey, name } of hasOneKeyEach ? after.peers : []) {
        assert.equal(name, names.get(formatKey(publicKey)), saved);
      }
      assert.deepEqual(untouched(after), untouched(config));
      if (config.peers.every(({ publicKey }) => stay.has(formatKey(publicKey)))) {
        const isName = (line: string) => /^\s*# Name/.test(line);
        const comments = (text: string) =>
          text.split("\n").filter((line) => /^\s*(#|$)/.test(line) && !isName(line));
        // They may follow the settings that they are next to.
        const nameLines = (text: string) =>
          text.split("\n").map((line) => line.trim()).filter(isName).sort();
        assert.deepEqual(nameLines(saved), nameLines(text));
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
