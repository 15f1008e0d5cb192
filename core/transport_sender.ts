import type { Now } from "./clock.ts";
import { PADDING_MULTIPLE, TRANSPORT_HEADER_SIZE } from "./constants.ts";
import type { DeviceContext, Region } from "./device_context.ts";
import { KEEPALIVE_SIZE, TRANSPORT_OVERHEAD } from "./noise/messages.ts";
import {
  IPV4_DESTINATION_OFFSET,
  IPV6_DESTINATION_OFFSET,
  ipVersion,
  udpPayload,
} from "./packet.ts";
import type { Peer } from "./peer.ts";
import { TransportBatch } from "./transport_batch.ts";

/** The way of packets from the interface to the network. */
export class TransportSender {
  readonly #context: DeviceContext;
  readonly #batch: TransportBatch;
  /** Peers with staged packets and a session to send them in. */
  readonly #flushing: Peer[] = [];

  constructor(context: DeviceContext, list: Region) {
    this.#context = context;
    this.#batch = new TransportBatch("seal", context.memory, context.aead, list);
  }

  /** {@linkcode Device.send} */
  send(packet: number, length: number, now: Now): boolean {
    const { memory, allowedIps } = this.#context;
    const version = ipVersion(memory.view, packet, length);
    if (version === 0) return false;
    const destination = version === 4 ? IPV4_DESTINATION_OFFSET : IPV6_DESTINATION_OFFSET;
    const peer = allowedIps.lookup(memory.view, packet + destination, version);
    if (peer === null || peer.endpoint === null) return false;
    const session = peer.sessions.current;
    if (session === null || peer.staged.count > 0 || !session.canSend(now.boot)) {
      this.#stage(peer, packet, length, now);
      return false;
    }
    // Routed into the tunnel that it left, a message would go round for ever, and grow.
    const payload = udpPayload(memory.view, packet, version);
    if (payload >= 0 && payload + TRANSPORT_HEADER_SIZE <= packet + length) {
      if (session.isOutgoing(payload)) return false;
    }
    if (!this.#makeRoom(now)) return false;
    const padded = this.#padded(length);
    for (let at = length; at < padded; at++) memory.view.setUint8(packet + at, 0);
    const message = packet - TRANSPORT_HEADER_SIZE;
    session.writeHeader(message);
    this.#batch.push(session, message, padded, null);
    return true;
  }

  /** {@linkcode Device.completeSend} */
  complete(now: Now): void {
    const batch = this.#batch;
    if (batch.count === 0) return;
    batch.run();
    const { outgoing } = this.#context;
    for (let at = 0; at < batch.count;) {
      // All that one session sends at once moves the peer's timers once.
      const session = batch.session(at);
      const peer = session?.peer ?? null;
      const endpoint = peer?.endpoint ?? null;
      let bytes = 0;
      let isData = false;
      for (; at < batch.count && batch.session(at) === session; at++) {
        const length = batch.length(at) + TRANSPORT_OVERHEAD;
        if (endpoint === null || !outgoing.push(batch.message(at), length, endpoint, peer)) {
          continue;
        }
        bytes += length;
        if (length > KEEPALIVE_SIZE) isData = true;
      }
      if (peer !== null) this.#account(peer, bytes, isData, now);
    }
    batch.clear();
  }

  /**
   * Sends a keepalive to `peer`, or, without a session, asks for one. False when there is no room.
   * Staged packets make a keepalive needless.
   */
  sendKeepalive(peer: Peer, now: Now): boolean {
    if (peer.endpoint === null) return true;
    const session = peer.sessions.current;
    if (session === null || !session.canSend(now.boot)) {
      peer.timers.requestHandshake(now.boot);
      return true;
    }
    if (peer.staged.count > 0) return true;
    if (!this.#makeRoom(now)) return false;
    const message = this.#context.transmit.allocate(KEEPALIVE_SIZE);
    if (message < 0) return false;
    session.writeHeader(message);
    if (!session.seal(message, 0)) return true;
    const pushed = this.#context.outgoing.push(message, KEEPALIVE_SIZE, peer.endpoint, peer);
    this.#account(peer, pushed ? KEEPALIVE_SIZE : 0, false, now);
    return true;
  }

  /** Puts `peer` in line for having its staged packets sent: call it when it got a session. */
  flush(peer: Peer): void {
    if (peer.flushing || peer.staged.count === 0) return;
    peer.flushing = true;
    this.#flushing.push(peer);
  }

  /** {@linkcode Device.pump} */
  pump(now: Now): boolean {
    for (;;) {
      const peer = this.#flushing[0];
      if (peer === undefined) break;
      if (!this.#flushStaged(peer, now)) break;
      peer.flushing = false;
      this.#flushing.shift();
    }
    this.complete(now);
    return this.#flushing.length > 0;
  }

  /** Queues the staged packets of `peer` for sealing; false when there is no room for more. */
  #flushStaged(peer: Peer, now: Now): boolean {
    const { memory, staged, transmit } = this.#context;
    for (;;) {
      const length = staged.nextLength(peer.staged);
      if (length < 0) return true;
      const session = peer.sessions.current;
      if (session === null || !session.canSend(now.boot)) {
        peer.timers.requestHandshake(now.boot);
        return true;
      }
      if (!this.#makeRoom(now)) return false;
      const padded = this.#padded(length);
      const message = transmit.allocate(padded + TRANSPORT_OVERHEAD);
      if (message < 0) return false;
      const packet = message + TRANSPORT_HEADER_SIZE;
      staged.shift(peer.staged, memory.bytes, packet);
      memory.bytes.fill(0, packet + length, packet + padded);
      session.writeHeader(message);
      this.#batch.push(session, message, padded, null);
    }
  }

  #stage(peer: Peer, packet: number, length: number, now: Now): void {
    const { memory, staged } = this.#context;
    staged.push(peer.staged, memory.bytes.subarray(packet, packet + length));
    if (peer.sessions.current?.canSend(now.boot)) this.flush(peer);
    else peer.timers.requestHandshake(now.boot);
  }

  /** Whether another message can be queued; completes a full batch. */
  #makeRoom(now: Now): boolean {
    if (this.#batch.full) this.complete(now);
    const { outgoing } = this.#context;
    return outgoing.count + this.#batch.count < outgoing.capacity;
  }

  /** Messages of `bytes` together go out, among which some have a packet in them if `isData`. */
  #account(peer: Peer, bytes: number, isData: boolean, now: Now): void {
    const { timers } = peer;
    timers.onAnyAuthenticatedPacketTraversal(now.boot);
    timers.onAnyAuthenticatedPacketSent();
    peer.sentBytes += bytes;
    if (isData) timers.onDataSent(now.boot);
    if (peer.sessions.current?.needsRekeyAfterSending(now.boot)) timers.requestHandshake(now.boot);
  }

  /** Length with padding: the next multiple of 16, but not beyond the MTU. */
  #padded(length: number): number {
    const { mtu } = this.#context;
    // A packet larger than the MTU is padded as its last fragment of that size would be.
    const last = length > mtu ? length % mtu : length;
    const padded = (last + PADDING_MULTIPLE - 1) & -PADDING_MULTIPLE;
    return length - last + Math.min(padded, mtu);
  }
}
