/** What is odd about `[Interface]`. */

import { quote } from "../hidden_keys.ts";
import { EVENT_HOOK_KEYS } from "../config/keys.ts";
import type { QuickConfig } from "../config/types.ts";
import { IpPrefix } from "../ip.ts";
import { checkDns } from "./dns_rules.ts";
import { isZeroKey } from "../keys.ts";
import { type Tell, WHOLE_FILE } from "./finding.ts";
import {
  contentSpan,
  itemsOf,
  keySpan,
  type LocatedSection,
  type LocatedSetting,
  settingsOf,
  valueSpan,
} from "./located.ts";
import type { LintSurroundings } from "./surroundings.ts";

/** Bytes of the smallest MTU that IPv6 allows (RFC 8200 section 5). */
const MIN_IPV6_MTU = 1280;
/** Bytes of the smallest datagram that every IPv4 host takes (RFC 791 section 3.1). */
const MIN_IPV4_MTU = 576;
/** Bytes of the largest MTU that Ethernet carries: less IPv4's 20, UDP's 8 and WireGuard's 32. */
const MAX_ETHERNET_MTU = 1440;

/** Tells what is odd about the file and its [Interface]. */
export function checkInterface(
  config: QuickConfig,
  sections: readonly LocatedSection[],
  surroundings: LintSurroundings,
  tell: Tell,
): void {
  checkFile(config, surroundings, tell);
  checkPrivateKey(config, sections, tell);
  for (const setting of settingsOf(sections, "Address")) checkAddresses(setting, tell);
  checkDns(config, sections, tell);
  checkMtu(config, sections, tell);
  checkTable(config, sections, surroundings, tell);
}

function checkFile(config: QuickConfig, surroundings: LintSurroundings, tell: Tell): void {
  if (!surroundings.isNamedAfterInterface) {
    const help = "call it NAME.conf, with a NAME of at most 15 letters, digits and _=+.-";
    tell("file-name", WHOLE_FILE, "the file isn't named after an interface", help);
  }
  const { privateKey, privateKeyFile } = config.interface;
  const hasSecrets = (privateKey !== undefined && privateKeyFile === undefined) ||
    config.peers.some(({ presharedKey, presharedKeyFile }) =>
      presharedKey !== undefined && presharedKeyFile === undefined
    );
  if (surroundings.isWorldAccessible && hasSecrets) {
    const message = "everybody may access this file, which holds secret keys";
    tell("world-accessible", WHOLE_FILE, message, "chmod 600 it");
  }
}

function checkPrivateKey(
  { interface: { privateKey } }: QuickConfig,
  sections: readonly LocatedSection[],
  tell: Tell,
): void {
  const last = settingsOf(sections, "PrivateKey").at(-1);
  if (settingsOf(sections, "PrivateKeyFile").length > 0) return;
  if (last === undefined) {
    const header = sections.find(({ name }) => name === "Interface")?.line;
    const message = "no PrivateKey: no peer can be reached";
    const place = header === undefined ? WHOLE_FILE : contentSpan(header);
    tell("no-private-key", place, message, "`wgts genkey' makes one");
  } else if (privateKey !== undefined && isZeroKey(privateKey)) {
    const message = "PrivateKey is all zero, which is none: no peer can be reached";
    tell("zero-key", valueSpan(last.line), message, "`wgts genkey' makes one");
  }
}

/** Hosts have neither the first nor the last address of an IPv4 network, unless it is tiny (RFC 3021). */
function checkAddresses(setting: LocatedSetting, tell: Tell): void {
  for (const { text, span } of itemsOf(setting)) {
    const prefix = IpPrefix.parse(text);
    if (prefix === null || prefix.family === 6 || prefix.length > 30) continue;
    const bits = new DataView(prefix.address.bytes.slice().buffer).getUint32(0);
    const hostMask = 2 ** (32 - prefix.length) - 1;
    const host = (bits & hostMask) >>> 0;
    if (host === 0) {
      const message = `${prefix} is the address of a network, not of a host in it`;
      tell("network-address", span, message);
    } else if (host === hostMask) {
      tell("network-address", span, `${prefix} is the broadcast address of its network`);
    }
  }
}

function checkMtu(
  { interface: { mtu, addresses }, peers }: QuickConfig,
  sections: readonly LocatedSection[],
  tell: Tell,
): void {
  const last = settingsOf(sections, "MTU").at(-1);
  if (last === undefined || mtu === undefined) return;
  const prefixes = [...addresses, ...peers.flatMap(({ allowedIps }) => allowedIps)];
  const hasIpv6 = prefixes.some(({ family }) => family === 6);
  const span = valueSpan(last.line);
  if (hasIpv6 && mtu < MIN_IPV6_MTU) {
    const message = `with an MTU of ${mtu} there is no IPv6`;
    tell("mtu-range", span, message, `IPv6 needs ${MIN_IPV6_MTU} at least`);
  } else if (mtu < MIN_IPV4_MTU) {
    tell("mtu-range", span, `an MTU of ${mtu} is very small`, `expected ${MIN_IPV4_MTU} at least`);
  } else if (mtu > MAX_ETHERNET_MTU) {
    const message = `with an MTU of ${mtu} full packets don't fit into Ethernet's 1500 bytes`;
    tell("mtu-range", span, message, "expected at most 1420, or 1440 if endpoints have IPv4 only");
  }
}

function checkTable(
  config: QuickConfig,
  sections: readonly LocatedSection[],
  { tableNames }: LintSurroundings,
  tell: Tell,
): void {
  const { table, preUp, postUp } = config.interface;
  const last = settingsOf(sections, "Table").at(-1);
  if (last === undefined) return;
  if (typeof table === "object" && !tableNames.has(table.name)) {
    const help = "must be auto, off, a number or a name of /etc/iproute2/rt_tables";
    tell("unknown-table", valueSpan(last.line), `there is no table ${quote(table.name)}`, help);
  }
  const routes = config.peers.some(({ allowedIps }) => allowedIps.length > 0);
  if (table === "off" && routes && preUp.length + postUp.length === 0) {
    const message = "with Table = off nothing is routed to the AllowedIPs";
    tell("routes-off", valueSpan(last.line), message, "leave it out, unless something else does");
  }
}

/** Keys that may come again: lists and hooks. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "Address",
  "DNS",
  "PreUp",
  "PostUp",
  "PreDown",
  "PostDown",
  ...EVENT_HOOK_KEYS,
  "AllowedIPs",
  "DisallowedIPs",
]);

/** Tells of settings of which only the last counts. All [Interface] sections are one. */
export function checkRepeatedKeys(sections: readonly LocatedSection[], tell: Tell): void {
  const ofInterface = sections.filter(({ name }) => name === "Interface");
  const groups = [
    ofInterface.flatMap(({ settings }) => settings),
    ...sections.filter(({ name }) => name === "Peer").map(({ settings }) => settings),
  ];
  for (const group of groups) {
    const last = new Map<string, LocatedSetting>();
    for (const setting of group.filter(({ key }) => !REPEATABLE.has(key))) {
      const earlier = last.get(setting.key);
      if (earlier !== undefined) {
        const message = `${setting.key} again: that of line ${earlier.line.number} doesn't count`;
        tell("duplicate-key", keySpan(setting.line), message, "remove one of them");
      }
      last.set(setting.key, setting);
    }
  }
}
