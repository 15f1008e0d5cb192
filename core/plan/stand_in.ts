import type { InterfaceChange, PeerChange } from "../interface_change.ts";

/**
 * The same as `change`, for kernels that can't take single allowed IPs away (before Linux 6.16): a peer
 * that stands in gets them, and goes with them.
 *
 * @param standIn a public key that is nobody's
 */
export function removeByStandIn(change: InterfaceChange, standIn: Uint8Array): InterfaceChange {
  const removed = change.peers.flatMap(({ allowedIps }) =>
    allowedIps.filter(({ remove }) => remove).map(({ prefix }) => ({ prefix, remove: false }))
  );
  const peers = change.peers.map((peer) => ({
    ...peer,
    allowedIps: peer.allowedIps.filter(({ remove }) => !remove),
  }));
  return {
    ...change,
    peers: [
      changePeer(standIn, { updateOnly: false, allowedIps: removed }),
      changePeer(standIn, { updateOnly: false, remove: true }),
      ...peers,
    ],
  };
}

/** A change of a peer that is there, but for what `settings` say. */
export function changePeer(publicKey: Uint8Array, settings: Partial<PeerChange>): PeerChange {
  return {
    remove: false,
    updateOnly: true,
    replaceAllowedIps: false,
    allowedIps: [],
    ...settings,
    publicKey,
  };
}
