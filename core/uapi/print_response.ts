/** The answer to a request to print the interface: byte for byte what commands print of a `get`. */

import { mergeSort } from "../merge_sort.ts";
import { UapiChunk } from "./chunk.ts";
import type { UapiPeer } from "./get_response.ts";
import { beginPrinting, type PrintedDevice, type PrintedPeer } from "./print_formats.ts";
import { PRINTED, type PrintRequest } from "./print_request.ts";

/** Peers collected between two pauses: some microseconds. */
const PEERS_AT_ONCE = 1024;

/**
 * The answer to `request`, {@linkcode PRINTED} included. `wall` gives the time in milliseconds since 1970-01-01
 * UTC, from which ages are counted: handshakes go on meanwhile. As with `formatUapiGet`, a chunk is valid until the next one is asked for,
 * and is the work of some microseconds; it may be empty. An iteration that stops early must call `return()`.
 */
export function* formatUapiPrint<P extends PrintedPeer>(
  device: PrintedDevice<P>,
  request: PrintRequest,
  wall: () => number,
): Generator<Uint8Array, void, void> {
  const { zoneName = String } = device;
  const chunk = new UapiChunk();
  try {
    const format = beginPrinting(chunk, device, request, wall), { list } = format;
    const peers = format.isSorted ? yield* sortedPeers(device, chunk) : device.peers;
    for (const peer of peers) {
      if (peer.removed) continue;
      if (chunk.isFull) yield chunk.take();
      format.before(chunk, peer, zoneName);
      if (list !== null) {
        let isFirst = true;
        for (const { address, prefixLength } of device.allowedIps(peer)) {
          if (chunk.isFull) yield chunk.take();
          chunk.text(isFirst ? list.start : list.separator);
          isFirst = false;
          chunk.prefix(address, prefixLength, list.slash);
        }
        chunk.text(isFirst ? list.none : list.end);
      }
      format.after(chunk, peer, zoneName);
    }
    chunk.text(PRINTED);
    yield chunk.take();
  } finally {
    chunk.wipe();
  }
}

/** The peers in the order in which people are shown them. */
function* sortedPeers<P extends PrintedPeer>(
  device: PrintedDevice<P>,
  chunk: UapiChunk,
): Generator<Uint8Array, P[], void> {
  const peers: P[] = [];
  for (const peer of device.peers) {
    if (peers.push(peer) % PEERS_AT_ONCE === 0) yield chunk.take();
  }
  return yield* mergeSort(peers, newestHandshakeFirst, () => chunk.take());
}

function newestHandshakeFirst(a: UapiPeer, b: UapiPeer): number {
  return Math.floor(b.lastHandshake) - Math.floor(a.lastHandshake);
}
