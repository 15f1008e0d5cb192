/** Configs and the tunnels that they make, for the tests of `save`. */

import assert from "node:assert/strict";
import { ConfigDocument } from "../../../core/config/document.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { type RunningTunnel, saveConfig } from "../../../core/config/save.ts";
import type { ConfigEndpoint, QuickConfig } from "../../../core/config/types.ts";
import type { PeerState } from "../../../core/interface_state.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import { formatKey, isZeroKey, parseKey } from "../../../core/keys.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { formatUapiEndpoint } from "../../../core/uapi/values.ts";
import { VALID } from "../../fuzz/words.ts";

export const servicePort = (name: string) => name === "domain" ? 53 : null;
export const options = {
  servicePort,
  addressesOf: () => [NAMED],
  readKeyFile: (): Uint8Array => assert.fail("no file to read"),
  warn: (problem: string): void => assert.fail(problem),
};
export const [KEY_A, KEY_B, KEY_C] = VALID.key;
export const NAMED = address("203.0.113.7");

export function address(text: string): IpAddress {
  const parsed = IpAddress.parse(text);
  assert(parsed !== null);
  return parsed;
}

export function prefix(text: string): IpPrefix {
  const parsed = IpPrefix.parse(text);
  assert(parsed !== null);
  return parsed;
}

export function key(text: string): Uint8Array {
  const parsed = parseKey(text);
  assert(parsed !== null);
  return parsed;
}

export function resolve({ host, port }: ConfigEndpoint): UapiEndpoint {
  const [text = "", zone = ""] = host.split("%");
  return { address: IpAddress.parse(text) ?? NAMED, port, zone };
}

export function orNull(key: Uint8Array | undefined): Uint8Array | null {
  return key === undefined || isZeroKey(key) ? null : key;
}

export function peerState(publicKey: Uint8Array, rest: Partial<PeerState> = {}): PeerState {
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
export function running(config: QuickConfig): RunningTunnel {
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

export function parse(text: string): QuickConfig {
  return parseQuickConfig(text, "wg0.conf", { servicePort });
}

export function save(text: string, tunnel: RunningTunnel): string {
  return saveConfig(ConfigDocument.parse(text, "wg0.conf"), tunnel, options).toString();
}

/** What a tunnel is, whatever the order of its parts. */
export function meaning({ state, addresses }: RunningTunnel) {
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
