import type { Now } from "./clock.ts";
import { TRANSPORT_HEADER_SIZE } from "./constants.ts";
import type { DeviceContext, Region } from "./device_context.ts";
import type { Endpoint } from "./endpoint.ts";
import { RECEIVER_OFFSET, TRANSPORT_OVERHEAD } from "./noise/messages.ts";
import { ipPacketLength, IPV4_SOURCE_OFFSET, IPV6_SOURCE_OFFSET, ipVersion } from "./packet.ts";
import type { Peer } from "./peer.ts";
import { Session } from "./session.ts";
import { TransportBatch } from "./transport_batch.ts";

/** The way of packets from the network to the interface. */
export class TransportReceiver {
  readonly #context: DeviceContext;
  readonly #batch: TransportBatch;
  readonly #onConfirmed: (peer: Peer, now: Now) => void;
  /** The session found last and its index, for messages come in runs. */
  #lastSession: Session | null = null;
  #lastIndex = 0;

  /** `onConfirmed` is called when the first message of a session showed that the peer has its keys. */
  constructor(
    context: DeviceContext,
    list: Region,
    onConfirmed: (peer: Peer, now: Now) => void,
  ) {
    this.#context = context;
    this.#batch = new TransportBatch("open", context.memory, context.aead, list);
    this.#onConfirmed = onConfirmed;
  }

  /** Queues transport data of `length` bytes at `message`, when it belongs to a session. */
  receive(message: number, length: number, source: Endpoint, now: Now): void {
    // Signed, for V8 would put half of all unsigned indices on the heap.
    const index = this.#context.memory.view.getInt32(message + RECEIVER_OFFSET, true);
    const session = this.#sessionOf(index);
    if (session === null || !session.canReceive(now.boot)) return;
    if (this.#batch.full) this.complete(now);
    this.#batch.push(session, message, length - TRANSPORT_OVERHEAD, source);
  }

  /** {@linkcode Device.completeReceive} */
  complete(now: Now): void {
    const batch = this.#batch;
    if (batch.count === 0) return;
    batch.run();
    let lastSession: Session | null = null;
    let lastSource: Endpoint | null = null;
    for (let at = 0; at < batch.count; at++) {
      const session = batch.session(at);
      const source = batch.source(at);
      if (session === null || source === null || !batch.opened(at)) continue;
      // An earlier message of the same batch may have ended the session.
      if (session.erased || !session.acceptCounter(batch.message(at))) continue;
      // Of all that one session brings at once from one place, the first message tells what it is worth.
      if (session !== lastSession || source !== lastSource) {
        this.#accept(session, source, now);
        lastSession = session;
        lastSource = source;
      }
      this.#take(session.peer, batch.message(at), batch.length(at), now);
    }
    batch.clear();
    this.#lastSession = null;
  }

  /** The session whose messages have `index`, i32; null when there is none. */
  #sessionOf(index: number): Session | null {
    const last = this.#lastSession;
    if (last !== null && index === this.#lastIndex && !last.erased) return last;
    const owner = this.#context.indices.get(index);
    if (!(owner instanceof Session)) return null;
    this.#lastIndex = index;
    this.#lastSession = owner;
    return owner;
  }

  /** An authentic message of `session` came from `source`. */
  #accept(session: Session, source: Endpoint, now: Now): void {
    const { peer } = session;
    const { timers } = peer;
    peer.updateEndpoint(source);
    if (peer.sessions.confirm(session)) this.#onConfirmed(peer, now);
    if (peer.sessions.current?.needsRekeyAfterReceiving(now.boot)) {
      timers.requestLastMinuteHandshake(now.boot);
    }
    timers.onAnyAuthenticatedPacketTraversal(now.boot);
    timers.onAnyAuthenticatedPacketReceived();
  }

  /** Handles the plaintext of an authentic message of `peer`, which has `length` bytes. */
  #take(peer: Peer, message: number, length: number, now: Now): void {
    if (length > 0) {
      peer.timers.onDataReceived(now.boot);
      if (!this.#deliver(peer, message + TRANSPORT_HEADER_SIZE, length)) return;
    }
    peer.receivedBytes += length + TRANSPORT_OVERHEAD;
  }

  /** Delivers the packet in `length` bytes at `packet`; false when it isn't one that `peer` may send. */
  #deliver(peer: Peer, packet: number, length: number): boolean {
    const { memory, allowedIps, delivered } = this.#context;
    const version = ipVersion(memory.view, packet, length);
    if (version === 0) return false;
    const packetLength = ipPacketLength(memory.view, packet, length, version);
    if (packetLength < 0) return false;
    const source = version === 4 ? IPV4_SOURCE_OFFSET : IPV6_SOURCE_OFFSET;
    if (allowedIps.lookup(memory.view, packet + source, version) !== peer) return false;
    return delivered.push(packet, packetLength, peer);
  }
}
