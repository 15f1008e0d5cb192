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

  /** `onConfirmed` is called when the first message of a session showed that the peer has its keys. */
  constructor(
    context: DeviceContext,
    list: Region,
    onConfirmed: (peer: Peer, now: Now) => void,
  ) {
    this.#context = context;
    const capacity = TransportBatch.capacityOf(list.length);
    this.#batch = new TransportBatch(context.memory, context.aead, list.offset, capacity);
    this.#onConfirmed = onConfirmed;
  }

  /** Queues transport data of `length` bytes at `message`, when it belongs to a session. */
  receive(message: number, length: number, source: Endpoint, now: Now): void {
    const { memory, indices } = this.#context;
    // Signed, for V8 would put half of all unsigned indices on the heap.
    const session = indices.get(memory.view.getInt32(message + RECEIVER_OFFSET, true));
    if (!(session instanceof Session) || !session.canReceive(now.boot)) return;
    if (this.#batch.full) this.complete(now);
    this.#batch.push(session, message, length - TRANSPORT_OVERHEAD, source);
  }

  /** {@linkcode Device.completeReceive} */
  complete(now: Now): void {
    const batch = this.#batch;
    if (batch.count === 0) return;
    batch.open();
    for (let at = 0; at < batch.count; at++) {
      const session = batch.session(at);
      const source = batch.source(at);
      if (session === null || source === null || !batch.opened(at)) continue;
      this.#accept(session, batch.message(at), batch.length(at), source, now);
    }
    batch.clear();
  }

  /** Handles an authentic message whose plaintext has `length` bytes. */
  #accept(session: Session, message: number, length: number, source: Endpoint, now: Now): void {
    // An earlier message of the same batch may have ended the session.
    if (session.erased || !session.acceptCounter(message)) return;
    const { peer } = session;
    const { timers } = peer;
    peer.updateEndpoint(source);
    if (peer.sessions.confirm(session)) this.#onConfirmed(peer, now);
    if (peer.sessions.current?.needsRekeyAfterReceiving(now.boot)) {
      timers.requestLastMinuteHandshake(now.boot);
    }
    timers.onAnyAuthenticatedPacketTraversal(now.boot);
    timers.onAnyAuthenticatedPacketReceived();
    if (length > 0) {
      timers.onDataReceived(now.boot);
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
