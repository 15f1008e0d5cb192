import type { InterfaceChange } from "../interface_change.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import type { ConfigEndpoint, WgConfig, WgPeerConfig } from "./types.ts";

/**
 * The change that gives an interface exactly what a config says of keys, port, fwmark and peers: other
 * peers go, and so do keys, port and fwmark that the config doesn't name, as with `wg setconf`.
 *
 * `resolve` gives the address of a peer's endpoint, or null when it isn't known: then the peer has none.
 * `fwmark` is used when the config names none. The keys are the config's own, not copies.
 */
export function changeTo(
  config: WgConfig,
  resolve: (endpoint: ConfigEndpoint, peer: WgPeerConfig) => UapiEndpoint | null,
  fwmark = 0,
): InterfaceChange {
  const { privateKey, listenPort, fwmark: ownMark } = config.interface;
  return {
    privateKey: privateKey ?? new Uint8Array(32),
    listenPort: listenPort ?? 0,
    fwmark: ownMark ?? fwmark,
    replacePeers: true,
    peers: config.peers.map((peer) => {
      const { publicKey, presharedKey, persistentKeepalive } = peer;
      const endpoint = peer.endpoint === undefined ? null : resolve(peer.endpoint, peer);
      return {
        publicKey,
        remove: false,
        updateOnly: false,
        ...(presharedKey === undefined ? {} : { presharedKey }),
        ...(endpoint === null ? {} : { endpoint }),
        ...(persistentKeepalive === undefined ? {} : { persistentKeepalive }),
        replaceAllowedIps: true,
        allowedIps: peer.allowedIps.map((prefix) => ({ prefix, remove: false })),
      };
    }),
  };
}
