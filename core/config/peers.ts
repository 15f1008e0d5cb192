/** `[Peer]` sections, and how several of them with one public key are one peer. */

import type { IpPrefix } from "../ip.ts";
import { formatKey } from "../keys.ts";
import { ConfigError, type Refuse } from "./error.ts";
import { parseDisallowedIps } from "./exclusions.ts";
import { parseKeyFileName } from "./key_files.ts";
import type { PeerKey, WgPeerKey } from "./keys.ts";
import type { SettingReader, SettingReaders } from "./sections.ts";
import type { WgPeerConfig } from "./types.ts";
import {
  parseAllowedIps,
  parseEndpoint,
  parseKeepalive,
  parseKeyValue,
  readItems,
  type SignedAllowedIp,
} from "./values.ts";

/** One `[Peer]` section as it stands in the file. */
export interface PeerSection
  extends Partial<Omit<WgPeerConfig, "publicKey" | "allowedIps" | "claimedIps">> {
  /** Line of its header. */
  readonly line: number;
  /** 32 bytes; missing until its line was read. */
  publicKey?: Uint8Array;
  /** In the order of the file. */
  readonly changes: SignedAllowedIp[];
}

const READERS: [WgPeerKey, SettingReader<PeerSection>][] = [
  ["PublicKey", (peer, { value }) => peer.publicKey = parseKeyValue(value)],
  ["PresharedKey", (peer, { value }) => peer.presharedKey = parseKeyValue(value)],
  ["AllowedIPs", (peer, { value }, { warn }) => {
    for (const change of parseAllowedIps(value)) {
      const { prefix } = change;
      if (prefix.hasHostBits) {
        warn(`AllowedIPs ${prefix} has host bits: taken as ${prefix.masked()}`);
      }
      peer.changes.push(change);
    }
  }],
  ["Endpoint", (peer, { value }, { servicePort }) => {
    peer.endpoint = parseEndpoint(value, servicePort);
  }],
  ["PersistentKeepalive", (peer, { value }) => peer.persistentKeepalive = parseKeepalive(value)],
];

/** The keys of `[Peer]` that every dialect has. */
export const PEER_READERS: SettingReaders<PeerSection> = new Map(READERS);

const QUICK_READERS: [PeerKey, SettingReader<PeerSection>][] = [
  ...READERS,
  ["PresharedKeyFile", (peer, line) => peer.presharedKeyFile = parseKeyFileName(line)],
  ["DisallowedIPs", (peer, { value }, { warn }) => {
    peer.disallowedIps = [...peer.disallowedIps ?? [], ...parseDisallowedIps(value, warn)];
  }],
  ["FallbackEndpoints", (peer, { value }, { servicePort }) => {
    const endpoints = peer.fallbackEndpoints ?? [];
    readItems(value.split(","), (item) => endpoints.push(parseEndpoint(item, servicePort)));
    peer.fallbackEndpoints = endpoints;
  }],
];

/** The keys of `[Peer]` in a tunnel's config. */
export const QUICK_PEER_READERS: SettingReaders<PeerSection> = new Map(QUICK_READERS);

/**
 * The peers that the sections of a file mean. A later section of the same public key changes what it
 * names and replaces the allowed IPs, unless some are given with `+` or `-`; a prefix goes to the last
 * peer that claims it. That is what an interface makes of the request `wg setconf` sends. Refuses
 * a section without a public key.
 */
export function mergePeers(
  sections: readonly PeerSection[],
  file: string,
  warn: (line: number, problem: string) => void,
  refuse: Refuse,
): WgPeerConfig[] {
  const peers = new Map<string, MergingPeer>();
  const owners = new Map<string, MergingPeer>();
  for (const section of sections) {
    const { publicKey, line } = section;
    if (publicKey === undefined) {
      const position = { file, line, key: "PublicKey" };
      refuse(new ConfigError(position, "this [Peer] has no PublicKey", { code: "no-public-key" }));
      continue;
    }
    const name = formatKey(publicKey);
    const known = peers.get(name);
    if (known !== undefined) {
      warn(line, `the peer of line ${known.peer.line} again: later settings replace earlier ones`);
    }
    const merging = known ?? { peer: { publicKey, allowedIps: [], line }, prefixes: new Map() };
    peers.set(name, merging);
    applySettings(merging.peer, section);
    applyAllowedIps(merging, section, owners, warn);
  }
  return [...peers.values()].map(({ peer, prefixes }) => {
    return { ...peer, allowedIps: [...prefixes.values()] };
  });
}

interface MergingPeer {
  readonly peer: WgPeerConfig;
  /** Its allowed IPs by their text. */
  readonly prefixes: Map<string, IpPrefix>;
}

function applySettings(peer: WgPeerConfig, section: PeerSection): void {
  const { presharedKey, presharedKeyFile, endpoint, fallbackEndpoints, persistentKeepalive } =
    section;
  if (presharedKey !== undefined) peer.presharedKey = presharedKey;
  if (section.disallowedIps !== undefined) {
    peer.disallowedIps = [...peer.disallowedIps ?? [], ...section.disallowedIps];
  }
  if (presharedKeyFile !== undefined) peer.presharedKeyFile = presharedKeyFile;
  if (endpoint !== undefined) peer.endpoint = endpoint;
  if (fallbackEndpoints !== undefined) peer.fallbackEndpoints = fallbackEndpoints;
  if (persistentKeepalive !== undefined) peer.persistentKeepalive = persistentKeepalive;
}

/** A prefix belongs to one peer: the last that claims it. */
function applyAllowedIps(
  { peer, prefixes }: MergingPeer,
  { changes, line }: PeerSection,
  owners: Map<string, MergingPeer>,
  warn: (line: number, problem: string) => void,
): void {
  if (!changes.some(({ sign }) => sign !== "")) prefixes.clear();
  for (const { prefix, sign } of changes) {
    const masked = prefix.masked();
    const text = masked.toString();
    prefixes.delete(text);
    if (sign === "-") continue;
    prefixes.set(text, masked);
    const owner = owners.get(text);
    if (owner !== undefined && owner.peer !== peer && owner.prefixes.delete(text)) {
      warn(line, `this peer takes ${text} from the peer of line ${owner.peer.line}`);
    }
    owners.set(text, { peer, prefixes });
  }
}
