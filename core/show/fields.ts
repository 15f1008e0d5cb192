/** What `wg show INTERFACE FIELD` and `dump` print for scripts, byte for byte. */

import { formatKey, formatPublicKey } from "../keys.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import type { ShowField } from "./field_names.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";

/** Whether the interface's public key is in this field. */
export function showsPublicKey(field: ShowField): boolean {
  return field === "public-key" || field === "dump";
}

/**
 * The lines of one field of an interface, peers in the order of the device, values separated by tabs.
 * `prefixed` puts the interface's name in front of each, as for `show all`. Holds secrets if the field
 * does.
 */
export function formatShowField(
  state: InterfaceState,
  field: ShowField,
  prefixed: boolean,
): string {
  const prefix = linePrefix(state.name, prefixed);
  const lines = fieldLines(state, field);
  return lines.length === 0 ? "" : `${prefix}${lines.join(`\n${prefix}`)}\n`;
}

/**
 * What is in front of each line of the interface `name`: its name, if lines are to be `prefixed` by
 * that.
 */
export function linePrefix(name: string, prefixed: boolean): string {
  return prefixed ? `${name}\t` : "";
}

function fieldLines(state: InterfaceState, field: ShowField): string[] {
  const perPeer = (columns: (peer: PeerState) => string[]) =>
    state.peers.map((peer) => peerLine(peer, columns(peer)));
  switch (field) {
    case "public-key":
      return [keyText(state.publicKey)];
    case "private-key":
      return [keyText(state.privateKey)];
    case "listen-port":
      return [String(state.listenPort)];
    case "fwmark":
      return [fwmarkText(state.fwmark)];
    case "peers":
      return perPeer(() => []);
    case "preshared-keys":
      return perPeer((peer) => [keyText(peer.presharedKey)]);
    case "endpoints":
      return perPeer((peer) => [endpointText(peer)]);
    case "allowed-ips":
      return perPeer((peer) => [allowedIpsText(peer, " ")]);
    case "latest-handshakes":
      return perPeer((peer) => [String(peer.lastHandshake.seconds)]);
    case "transfer":
      return perPeer((peer) => [String(peer.receivedBytes), String(peer.sentBytes)]);
    case "persistent-keepalive":
      return perPeer((peer) => [keepaliveText(peer)]);
    case "dump":
      return [interfaceColumns(state).join("\t"), ...perPeer(peerColumns)];
  }
}

function peerLine(peer: PeerState, columns: readonly string[]): string {
  return [formatPublicKey(peer.publicKey), ...columns].join("\t");
}

/** A peer's line of the field `dump`. Holds its preshared key. */
export function dumpLine(peer: PeerState): string {
  return peerLine(peer, peerColumns(peer));
}

function interfaceColumns(state: InterfaceState): string[] {
  return [
    keyText(state.privateKey),
    keyText(state.publicKey),
    String(state.listenPort),
    fwmarkText(state.fwmark),
  ];
}

function peerColumns(peer: PeerState): string[] {
  return [
    keyText(peer.presharedKey),
    endpointText(peer),
    allowedIpsText(peer, ","),
    String(peer.lastHandshake.seconds),
    String(peer.receivedBytes),
    String(peer.sentBytes),
    keepaliveText(peer),
  ];
}

function keyText(key: Uint8Array | null): string {
  return key === null ? "(none)" : formatKey(key);
}

/** A mark as fields print it. */
export function fwmarkText(fwmark: number): string {
  return fwmark === 0 ? "off" : `0x${fwmark.toString(16)}`;
}

function endpointText(peer: PeerState): string {
  return peer.endpoint === null ? "(none)" : formatUapiEndpoint(peer.endpoint);
}

function allowedIpsText(peer: PeerState, separator: string): string {
  return peer.allowedIps.length === 0 ? "(none)" : peer.allowedIps.join(separator);
}

function keepaliveText(peer: PeerState): string {
  return peer.persistentKeepalive === 0 ? "off" : String(peer.persistentKeepalive);
}
