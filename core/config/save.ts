/**
 * What `wg-quick save` is for: the state of a running interface as a config. All that the state doesn't
 * contradict stays as it is in the file: comments, order, spelling, white space, names of hosts.
 */

import type { InterfaceState, PeerState } from "../interface_state.ts";
import { IpAddress, type IpPrefix } from "../ip.ts";
import { equalKeys, formatKey, isZeroKey } from "../keys.ts";
import { formatPeerSection } from "../show/showconf.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import type { ConfigDocument } from "./document.ts";
import { ConfigEditor, type ConfigSection, publicKeyOf, sectionsOf } from "./edit.ts";
import { ADDRESS_LIST, editList, isSameSet, Place } from "./edit_place.ts";
import { formatComplaint } from "./error.ts";
import { exclusionsOf } from "./exclusions.ts";
import { KeyFileError, type ReadKeyFile } from "./key_files.ts";
import { asciiLowerCase } from "./keys.ts";
import { parseQuickConfig } from "./quick.ts";
import { claimsFor, editAllowedIps, findStale, isExcluded } from "./save_allowed_ips.ts";
import type { ConfigOptions } from "./sections.ts";
import { parsePrefix } from "./values.ts";
import type { ConfigEndpoint, KeyFileName, QuickInterfaceConfig, WgPeerConfig } from "./types.ts";

/** A tunnel as it runs. */
export interface RunningTunnel {
  /** What the interface tells of itself. */
  readonly state: InterfaceState;
  /** The interface's addresses, host bits kept. */
  readonly addresses: readonly IpPrefix[];
  /** The interface's MTU in bytes. */
  readonly mtu: number;
}

/** How {@linkcode saveConfig} reads the config. */
export interface SaveOptions extends ConfigOptions {
  /** All addresses that a host of an endpoint has now; null when that isn't known. */
  readonly addressesOf: (host: string) => readonly IpAddress[] | null;
  /** Reads the files of keys. */
  readonly readKeyFile: ReadKeyFile;
  /** Told what of the tunnel isn't saved, `FILE:LINE: …`. */
  readonly warn: (problem: string) => void;
}

/**
 * The config `document`, changed so that it means `running`: private key, listen port, fwmark, addresses,
 * the MTU if the config has one, and the peers. Peers that are gone go with their comments, new ones come
 * at the end; all other keys stay.
 *
 * An endpoint given by name stays while the peer's port is that of the config, and its address one of
 * the name's, or those aren't known; also when the interface knows of no endpoint. A peer with the
 * interface's own key, which no interface keeps, stays too.
 *
 * A key in a file of its own stays there: it is never written to the config, nor is the file changed.
 *
 * @throws ConfigError when the config isn't valid
 */
export function saveConfig(
  document: ConfigDocument,
  running: RunningTunnel,
  options: SaveOptions,
): ConfigDocument {
  const config = parseQuickConfig(document.toString(), document.file, options);
  const editor = new ConfigEditor(document);
  const sections = sectionsOf(document);
  const isInterface = ({ header }: ConfigSection) => asciiLowerCase(header.name) === "interface";
  editInterface(editor, sections.filter(isInterface), config.interface, running, options);
  const configured = new Map(config.peers.map((peer) => [formatKey(peer.publicKey), peer]));
  const peers = new Map(running.state.peers.map((peer) => [formatKey(peer.publicKey), peer]));
  const own = running.state.publicKey === null ? null : formatKey(running.state.publicKey);
  const known = new Map<string, [ConfigSection, ...ConfigSection[]]>();
  for (const section of sections.filter((section) => !isInterface(section))) {
    const key = publicKeyOf(section);
    if (key === own) continue;
    if (!peers.has(key)) {
      editor.removeSection(section);
      continue;
    }
    const earlier = known.get(key);
    if (earlier === undefined) known.set(key, [section]);
    else earlier.push(section);
  }
  const stale = findStale(known, configured, peers);
  for (const [key, sections] of known) {
    const peer = peers.get(key), before = configured.get(key);
    if (peer === undefined || before === undefined) continue;
    const place = new Place(editor, sections);
    const excluded = exclusionsOf(config, before);
    if (stale.has(key)) editAllowedIps(place, claimsFor(before, excluded, peer.allowedIps));
    warnOfExcluded(editor.file, before.line, excluded, peer.allowedIps, options);
    editPeer(place, before, peer, options);
  }
  for (const [key, peer] of peers) {
    if (known.has(key)) continue;
    editor.appendSection(formatPeerSection(peer));
    const excluded = config.interface.disallowedIps ?? [];
    warnOfExcluded(editor.file, 0, excluded, peer.allowedIps, options);
  }
  return editor.finish();
}

/** Hosts that {@linkcode saveConfig} will ask the addresses of. */
export function hostsToLookUp(
  peers: readonly WgPeerConfig[],
  { peers: running }: InterfaceState,
): Set<string> {
  const states = new Map(running.map((peer) => [formatKey(peer.publicKey), peer]));
  const hosts = new Set<string>();
  for (const { publicKey, endpoint, fallbackEndpoints = [] } of peers) {
    const state = states.get(formatKey(publicKey))?.endpoint ?? null;
    for (const { host, port } of [endpoint ?? [], fallbackEndpoints].flat()) {
      if (port === state?.port && literalOf(host) === null) hosts.add(host);
    }
  }
  return hosts;
}

function editInterface(
  editor: ConfigEditor,
  sections: readonly ConfigSection[],
  config: QuickInterfaceConfig,
  { state, addresses, mtu }: RunningTunnel,
  options: SaveOptions,
): void {
  const [first, ...more] = sections;
  if (first === undefined) {
    const lines = interfaceSection(state, addresses);
    if (lines.length > 1) editor.prependSection(lines);
    return;
  }
  const place = new Place(editor, [first, ...more]);
  if (!isSameSet(config.addresses, addresses)) {
    editList(place, "Address", addresses, ADDRESS_LIST);
  }
  if (config.mtu !== undefined && config.mtu !== mtu) place.set("MTU", String(mtu));
  const { listenPort, fwmark } = state;
  if (listenPort !== (config.listenPort ?? 0)) {
    place.set("ListenPort", listenPort === 0 ? null : String(listenPort));
  }
  if (fwmark !== (config.fwmark ?? 0)) {
    place.set("FwMark", fwmark === 0 ? "off" : `0x${fwmark.toString(16)}`);
  }
  if (config.privateKeyFile !== undefined) {
    compareKeyFile(editor.file, "private key", config.privateKeyFile, state.privateKey, options);
  } else if (!isSameKey(config.privateKey, state.privateKey)) {
    place.set("PrivateKey", state.privateKey === null ? null : formatKey(state.privateKey));
  }
}

function interfaceSection(
  { listenPort, fwmark, privateKey }: InterfaceState,
  addresses: readonly IpPrefix[],
): string[] {
  return [
    "[Interface]",
    ...addresses.map((address) => `Address = ${address}`),
    ...(listenPort === 0 ? [] : [`ListenPort = ${listenPort}`]),
    ...(fwmark === 0 ? [] : [`FwMark = 0x${fwmark.toString(16)}`]),
    ...(privateKey === null ? [] : [`PrivateKey = ${formatKey(privateKey)}`]),
  ];
}

function editPeer(
  place: Place,
  config: WgPeerConfig,
  { presharedKey, endpoint, persistentKeepalive }: PeerState,
  options: SaveOptions,
): void {
  const { presharedKeyFile } = config;
  if (presharedKeyFile !== undefined) {
    compareKeyFile(place.editor.file, "preshared key", presharedKeyFile, presharedKey, options);
  } else if (!isSameKey(config.presharedKey, presharedKey)) {
    place.set("PresharedKey", presharedKey === null ? null : formatKey(presharedKey));
  }
  const isFallback = endpoint !== null &&
    (config.fallbackEndpoints ?? []).some((fallback) =>
      isSameEndpoint(fallback, endpoint, options.addressesOf)
    );
  if (!isFallback && !isSameEndpoint(config.endpoint, endpoint, options.addressesOf)) {
    place.set("Endpoint", endpoint === null ? null : formatUapiEndpoint(endpoint));
  }
  if (persistentKeepalive !== (config.persistentKeepalive ?? 0)) {
    const value = persistentKeepalive === 0 ? "off" : String(persistentKeepalive);
    place.set("PersistentKeepalive", value);
  }
}

/** Tells of allowed IPs that the config takes out again. */
function warnOfExcluded(
  file: string,
  line: number,
  excluded: readonly IpPrefix[],
  running: readonly string[],
  { warn }: SaveOptions,
): void {
  if (excluded.length === 0) return;
  for (const prefix of running.filter((prefix) => isExcluded(parsePrefix(prefix), excluded))) {
    const problem = `the running peer's allowed IP ${prefix} isn't saved: DisallowedIPs exclude it`;
    warn(formatComplaint({ file, line }, problem));
  }
}

/** Tells of a running key that isn't the one in its file. */
function compareKeyFile(
  config: string,
  what: string,
  file: KeyFileName,
  running: Uint8Array | null,
  { readKeyFile, warn }: SaveOptions,
): void {
  const say = (problem: string) =>
    warn(formatComplaint({ file: config, line: file.line }, problem));
  let key: Uint8Array;
  try {
    key = readKeyFile(file);
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    say(`the running ${what} isn't saved: ${error.message}`);
    return;
  }
  if (!isSameKey(key, running)) {
    say(`the running ${what} isn't the one in this file, and isn't saved`);
  }
  key.fill(0);
}

function isSameKey(config: Uint8Array | undefined, state: Uint8Array | null): boolean {
  const configured = config === undefined || isZeroKey(config) ? null : config;
  if (configured === null || state === null) return configured === state;
  return equalKeys(configured, state);
}

function isSameEndpoint(
  config: ConfigEndpoint | undefined,
  state: PeerState["endpoint"],
  addressesOf: SaveOptions["addressesOf"],
): boolean {
  if (config === undefined) return state === null;
  const literal = literalOf(config.host);
  if (state === null) return literal === null;
  if (config.port !== state.port) return false;
  if (literal === null) {
    return addressesOf(config.host)?.some((address) => address.equals(state.address)) ?? true;
  }
  // A zone may be an interface's name in one and its index in the other.
  const isSameZone = literal.zone === state.zone ||
    /^[0-9]+$/.test(literal.zone) !== /^[0-9]+$/.test(state.zone);
  return literal.address.equals(state.address) && isSameZone;
}

/** The address that `host` is, and its zone or ""; null for a name. */
function literalOf(host: string): { address: IpAddress; zone: string } | null {
  const [text = "", zone = ""] = host.split("%", 2);
  const address = IpAddress.parse(text);
  return address === null ? null : { address, zone };
}
