/** What is odd about `[Peer]`. */

import { quote } from "../hidden_keys.ts";
import { exclusionsOf } from "../config/exclusions.ts";
import type { QuickConfig } from "../config/types.ts";
import {
  parseAllowedIp,
  parseEndpoint,
  parseKeepalive,
  type SignedAllowedIp,
  ValueError,
} from "../config/values.ts";
import { IpAddress, type IpPrefix } from "../ip.ts";
import { equalKeys, formatKey, isZeroKey, parseKey } from "../keys.ts";
import type { Span, Tell } from "./finding.ts";
import {
  contentSpan,
  itemsOf,
  type KnownKey,
  type LocatedItem,
  type LocatedSection,
  settingsOf,
  valueSpan,
} from "./located.ts";
import type { LintSurroundings } from "./surroundings.ts";

/** A [Peer] section with its key, if that can be read. */
interface LocatedPeer {
  readonly section: LocatedSection;
  /** What tells it from others: its public key, or its line. */
  readonly id: string;
  readonly publicKey: Uint8Array | null;
}

/** Tells what is odd about the peers, each and together. */
export function checkPeers(
  config: QuickConfig,
  sections: readonly LocatedSection[],
  surroundings: LintSurroundings,
  tell: Tell,
): void {
  const peers = sections.filter(({ name }) => name === "Peer").map(toPeer);
  checkKeys(config, peers, surroundings, tell);
  checkRepeatedPeers(peers, tell);
  checkAllowedIps(peers, tell);
  checkDefaultRoutes(config, peers, tell);
  checkReresolving(config, sections, surroundings, tell);
  const common = config.interface.disallowedIps ?? [];
  for (const { section, id } of peers) {
    const peer = config.peers.find(({ publicKey }) => formatKey(publicKey) === id);
    const exclusions = peer === undefined ? common : exclusionsOf(config, peer);
    checkKeepalive(section, tell);
    if (config.interface.table === "auto") {
      checkRoutingLoop(section, exclusions, surroundings, tell);
    }
  }
  checkWays(config, sections, tell);
}

function toPeer(section: LocatedSection): LocatedPeer {
  const key = lastOf(section, "PublicKey");
  const publicKey = key === undefined ? null : parseKey(key.line.value);
  const id = publicKey === null ? `line ${section.line.number}` : formatKey(publicKey);
  return { section, id, publicKey };
}

function lastOf({ settings }: LocatedSection, key: KnownKey) {
  return settings.findLast((setting) => setting.key === key);
}

function valueSpanOf(section: LocatedSection, key: KnownKey): Span {
  const setting = lastOf(section, key);
  return setting === undefined ? contentSpan(section.line) : valueSpan(setting.line);
}

function checkKeys(
  { interface: { privateKey } }: QuickConfig,
  peers: readonly LocatedPeer[],
  { publicKeyOf }: LintSurroundings,
  tell: Tell,
): void {
  const own = privateKey === undefined || isZeroKey(privateKey) ? null : publicKeyOf(privateKey);
  for (const { section, publicKey } of peers) {
    const span = valueSpanOf(section, "PublicKey");
    if (publicKey !== null && own !== null && equalKeys(publicKey, own)) {
      const help = "expected the public key of the other side";
      tell("own-key", span, "this peer has this interface's own public key", help);
    }
    if (publicKey !== null && isZeroKey(publicKey)) {
      tell("zero-key", span, "PublicKey is all zero: nobody has that key");
    }
    const preshared = lastOf(section, "PresharedKey");
    const presharedKey = preshared === undefined ? null : parseKey(preshared.line.value);
    if (presharedKey === null) continue;
    if (isZeroKey(presharedKey)) {
      const message = "PresharedKey is all zero, which is none";
      tell("zero-key", valueSpanOf(section, "PresharedKey"), message, "leave it out");
    }
    presharedKey.fill(0);
  }
}

function checkRepeatedPeers(peers: readonly LocatedPeer[], tell: Tell): void {
  const lines = new Map<string, number>();
  for (const { section, id } of peers) {
    const line = lines.get(id);
    if (line === undefined) {
      lines.set(id, section.line.number);
      continue;
    }
    const message = `the peer of line ${line} again: later settings replace earlier ones`;
    tell("duplicate-peer", valueSpanOf(section, "PublicKey"), message, "make them one [Peer]");
  }
}

function checkAllowedIps(peers: readonly LocatedPeer[], tell: Tell): void {
  const owners = new Map<string, { readonly id: string; readonly line: number }>();
  for (const { section, id } of peers) {
    let count = 0;
    for (
      const { text, span } of section.settings.flatMap((setting) =>
        setting.key === "AllowedIPs" ? itemsOf(setting) : []
      )
    ) {
      count++;
      const allowedIp = tryParse(() => parseAllowedIp(text));
      if (allowedIp === null) continue;
      const masked = checkHostBits(allowedIp, span, tell);
      if (allowedIp.sign !== "") {
        const message = "wg knows + and - in front of an allowed IP only since 20250521";
        tell("needs-newer-wg", span, message);
      }
      if (allowedIp.sign === "-") continue;
      const owner = owners.get(masked);
      if (owner !== undefined && owner.id !== id) {
        const message = `this peer takes ${masked} from that of line ${owner.line}`;
        tell("taken-allowed-ip", span, message, "an allowed IP belongs to one peer only");
      } else if (owner?.line === section.line.number) {
        tell("repeated-item", span, `${masked} is given twice`, "remove one of them");
      }
      owners.set(masked, { id, line: section.line.number });
    }
    if (count === 0) {
      const message = "this peer has no AllowedIPs: nothing is sent to it or taken from it";
      tell("no-allowed-ips", contentSpan(section.line), message);
    }
  }
}

/** The text of the prefix without host bits. */
function checkHostBits({ prefix }: SignedAllowedIp, span: Span, tell: Tell): string {
  const masked = prefix.masked().toString();
  if (prefix.hasHostBits) {
    const message = `${prefix} has bits behind its prefix length: it is taken as ${masked}`;
    const host = `${prefix.address}/${prefix.address.bits}`;
    tell("host-bits", span, message, `did you mean ${masked}, or ${host}?`);
  }
  return masked;
}

/** A full tunnel of one family lets the other one pass outside of it. */
function checkDefaultRoutes(
  { interface: { table } }: QuickConfig,
  peers: readonly LocatedPeer[],
  tell: Tell,
): void {
  if (table === "off") return;
  const items = peers.flatMap(({ section }) =>
    settingsOf([section], "AllowedIPs").flatMap(itemsOf).flatMap(({ text, span }) => {
      const prefix = tryParse(() => parseAllowedIp(text))?.prefix;
      return prefix?.length === 0 ? [{ family: prefix.family, span }] : [];
    })
  );
  const [first] = items;
  if (first === undefined || items.some(({ family }) => family !== first.family)) return;
  const [other, missing] = first.family === 4 ? ["IPv6", "::/0"] : ["IPv4", "0.0.0.0/0"];
  const message = `all of IPv${first.family} goes through the tunnel, but ${other} doesn't`;
  tell("one-family-only", first.span, message, `add ${missing}, unless that is meant`);
}

function checkKeepalive(section: LocatedSection, tell: Tell): void {
  const keepalive = lastOf(section, "PersistentKeepalive");
  if (keepalive === undefined || endpointsOf([section]).length > 0) return;
  if ((tryParse(() => parseKeepalive(keepalive.line.value)) ?? 0) === 0) return;
  const message = "without an Endpoint, keepalives only begin once the peer was heard of";
  tell("keepalive-without-endpoint", valueSpan(keepalive.line), message);
}

/** The tunnel's own datagrams: of default routes `up` takes care, of more specific ones nobody does. */
function checkRoutingLoop(
  section: LocatedSection,
  exclusions: readonly IpPrefix[],
  { servicePort }: LintSurroundings,
  tell: Tell,
): void {
  for (const endpoint of endpointsOf([section])) {
    const host = tryParse(() => parseEndpoint(endpoint.text, servicePort))?.host;
    const address = host === undefined ? null : IpAddress.parse(host);
    if (address === null || exclusions.some((prefix) => prefix.contains(address))) continue;
    const loop = settingsOf([section], "AllowedIPs").flatMap(itemsOf).find(({ text }) => {
      const prefix = tryParse(() => parseAllowedIp(text))?.prefix;
      return prefix !== undefined && prefix.length > 0 && prefix.contains(address);
    });
    if (loop === undefined) continue;
    const message = `this endpoint lies in the peer's own AllowedIPs, in ${quote(loop.text)}: ` +
      "the tunnel's datagrams would be sent into the tunnel";
    const all = address.family === 4 ? "0.0.0.0/0" : "::/0";
    tell("routing-loop", endpoint.span, message, `leave ${address} out of them, or use ${all}`);
  }
}

function checkWays(config: QuickConfig, sections: readonly LocatedSection[], tell: Tell): void {
  const header = sections.find(({ name }) => name === "Peer")?.line;
  if (header === undefined || endpointsOf(sections).length > 0) return;
  if ((config.interface.listenPort ?? 0) !== 0) return;
  if (settingsOf(sections, "ListenPort").some(({ line }) => !/^0*$/.test(line.value))) return;
  const message = "no peer has an Endpoint, and there is no ListenPort: neither side could begin";
  tell("no-way-to-peers", contentSpan(header), message, "add one of them");
}

/** The endpoints and fallback endpoints of peers, where they stand. */
function endpointsOf(sections: readonly LocatedSection[]): LocatedItem[] {
  return [...settingsOf(sections, "Endpoint"), ...settingsOf(sections, "FallbackEndpoints")]
    .flatMap(itemsOf);
}

/** An endpoint that is an address is never looked up. */
function checkReresolving(
  { interface: { reresolveInterval } }: QuickConfig,
  sections: readonly LocatedSection[],
  { servicePort }: LintSurroundings,
  tell: Tell,
): void {
  const setting = settingsOf(sections, "ReresolveInterval").at(-1);
  if (setting === undefined || (reresolveInterval ?? 0) === 0) return;
  const hasName = settingsOf(sections, "Endpoint").some(({ line }) => {
    const endpoint = tryParse(() => parseEndpoint(line.value, servicePort));
    return endpoint === null || IpAddress.parse(endpoint.host.split("%", 1)[0] ?? "") === null;
  });
  if (hasName) return;
  const message = "no Endpoint is a name, so there is nothing to look up again";
  tell("nothing-to-look-up", valueSpan(setting.line), message, "remove it");
}

/** What `parse` gives, or null for what is refused elsewhere. */
function tryParse<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}
