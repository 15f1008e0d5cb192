import type { AllowedIps } from "./allowed_ips.ts";
import type { Now } from "./clock.ts";
import { KEY_SIZE, MAX_PEERS } from "./constants.ts";
import type { DatagramQueue } from "./datagram_queue.ts";
import { DeviceContext, type DeviceOptions, type Region } from "./device_context.ts";
import type { DeviceEvent } from "./device_event.ts";
import type { Endpoint } from "./endpoint.ts";
import { HandshakeProcessor } from "./handshake_processor.ts";
import { equalBytes, isZero } from "./memory.ts";
import { LocalIdentity } from "./noise/context.ts";
import { MESSAGE_INVALID, MESSAGE_TRANSPORT_DATA, messageType } from "./noise/messages.ts";
import type { PacketQueue } from "./packet_queue.ts";
import { Peer } from "./peer.ts";
import type { TimerActions } from "./timers.ts";
import { TransportReceiver } from "./transport_receiver.ts";
import { TransportSender } from "./transport_sender.ts";

export type { DeviceOptions, Region } from "./device_context.ts";

/** Sessions that one peer can have at a time. */
const SESSIONS_PER_PEER = 3;
/** Initiations sent in one call of `advance`: each costs two X25519. */
const INITIATIONS_PER_TURN = 4;

/**
 * The whole WireGuard protocol of one interface, without any input or output: it is told what
 * arrived and what time it is, and answers with what to send and what to deliver.
 *
 * One turn of whoever drives it:
 * 1. {@linkcode receive} for each datagram, then {@linkcode completeReceive}; write what is
 *    {@linkcode delivered} to the interface and clear it;
 * 2. {@linkcode send} for each packet of the interface, then {@linkcode completeSend};
 * 3. {@linkcode processNextHandshake} as often as there is time; {@linkcode advance} when
 *    {@linkcode nextDeadline} has passed; {@linkcode pump};
 * 4. send what is {@linkcode outgoing}, clear it and reset the transmit buffer.
 *
 * The order is free, but for this: `completeReceive` before the memory of what was received is
 * reused, and both `complete…` before their queue is read. The first packet for a peer without a
 * session makes {@linkcode nextDeadline} pass at once, since it is `advance` that sends initiations.
 *
 * What doesn't fit into the transmit buffer or the outgoing queue waits for the next turn if it is
 * a handshake, a keepalive or a staged packet, and is dropped if it is a packet given to `send`.
 */
export class Device {
  readonly #context: DeviceContext;
  /** By {@linkcode textOf} the public key. */
  readonly #peers = new Map<string, Peer>();
  readonly #handshakes: HandshakeProcessor;
  readonly #sender: TransportSender;
  readonly #receiver: TransportReceiver;
  readonly #timerActions: TimerActions<Peer>;
  #initiationsLeft = 0;

  /** A device without a private key and peers, down. */
  constructor(options: DeviceOptions) {
    const context = new DeviceContext(options);
    this.#context = context;
    const { first, second } = halves(options.batchList);
    this.#receiver = new TransportReceiver(context, first, (peer, now) => {
      this.#onHandshakeComplete(peer, false, now);
    });
    this.#sender = new TransportSender(context, second);
    this.#handshakes = new HandshakeProcessor(context, {
      findPeer: (publicKey) => this.getPeer(publicKey),
      onAnswered: (peer) => context.emit({ type: "handshake-answered", peer }),
      onCompleted: (peer, now) => {
        this.#onHandshakeComplete(peer, true, now);
        // Without any staged packet, this is what confirms the session to the responder.
        this.#sender.sendKeepalive(peer, now);
      },
    });
    this.#timerActions = {
      sendInitiation: (peer, now) => this.#sendInitiation(peer, now),
      sendKeepalive: (peer, now) => this.#sender.sendKeepalive(peer, now),
      clearEndpointSource: (peer) => peer.clearEndpointSource(),
      giveUp: (peer, initiations) => {
        context.staged.clear(peer.staged);
        context.emit({ type: "handshake-given-up", peer, initiations });
      },
      eraseKeys: (peer) => peer.eraseKeys(),
    };
  }

  /** MTU of the interface in bytes: packets are not padded beyond it. 1420 at first. */
  get mtu(): number {
    return this.#context.mtu;
  }
  set mtu(mtu: number) {
    this.#context.mtu = mtu;
  }

  /** Told what happens, for logs. Must neither throw nor call the device. */
  get onEvent(): ((event: DeviceEvent) => void) | null {
    return this.#context.onEvent;
  }
  set onEvent(listener: ((event: DeviceEvent) => void) | null) {
    this.#context.onEvent = listener;
  }

  /** Datagrams to send. Whoever sends them clears it. */
  get outgoing(): DatagramQueue {
    return this.#context.outgoing;
  }

  /** Packets for the interface. Whoever writes them clears it. */
  get delivered(): PacketQueue {
    return this.#context.delivered;
  }

  /** Which peer owns which inner addresses. */
  get allowedIps(): AllowedIps<Peer> {
    return this.#context.allowedIps;
  }

  /** The private key, 32 bytes; null when there is none. Not a copy: don't keep it. */
  get privateKey(): Uint8Array | null {
    return this.#context.noise.identity?.privateKey ?? null;
  }

  /** The public key, 32 bytes; null when there is no private key. */
  get publicKey(): Uint8Array | null {
    return this.#context.noise.identity?.publicKey ?? null;
  }

  /**
   * Sets the private key (32 bytes, copied and clamped); null or all zero removes it. Unless it is
   * the same as before, that ends all sessions. A peer that has the new public key is removed.
   */
  setPrivateKey(key: Uint8Array | null, now: Now): void {
    const { crypto, noise } = this.#context;
    const identity = key === null || isZero(key) ? null : new LocalIdentity(crypto.handshake, key);
    const old = noise.identity;
    if (identity !== null && old !== null && equalBytes(identity.publicKey, old.publicKey)) {
      identity.wipe();
      return;
    }
    noise.identity = identity;
    old?.wipe();
    this.#handshakes.onIdentityChanged();
    const self = identity && this.getPeer(identity.publicKey);
    if (self) this.removePeer(self);
    for (const peer of this.#peers.values()) {
      peer.eraseKeys();
      peer.handshake.forgetIdentity();
      peer.timers.forgetLastSentHandshake();
      if (peer.staged.count > 0) peer.timers.requestHandshake(now.boot);
    }
  }

  /**
   * The peers that there are when an iteration begins, in order of their addition, without those that go
   * meanwhile. So none comes twice, even if it is removed and added again.
   */
  get peers(): Iterable<Peer> {
    const peers = this.#peers;
    return {
      *[Symbol.iterator]() {
        for (const peer of [...peers.values()]) if (!peer.removed) yield peer;
      },
    };
  }

  /** How many peers there are. */
  get peerCount(): number {
    return this.#peers.size;
  }

  /** How many peers there can be: 65,536, or as many as the key slots suffice for. */
  get maxPeers(): number {
    return Math.min(MAX_PEERS, Math.floor(this.#context.keySlots.capacity / SESSIONS_PER_PEER));
  }

  /** The peer with this public key (32 bytes), or undefined. */
  getPeer(publicKey: Uint8Array): Peer | undefined {
    return this.#peers.get(textOf(publicKey));
  }

  /**
   * The peer with this public key (32 bytes), added if need be; null when the key is the device's
   * own, or when there are {@linkcode maxPeers} already. Throws RangeError on a key of another size.
   */
  addPeer(publicKey: Uint8Array): Peer | null {
    if (publicKey.length !== KEY_SIZE) {
      throw new RangeError(`A public key has ${KEY_SIZE} bytes, not ${publicKey.length}`);
    }
    const own = this.publicKey;
    if (own !== null && equalBytes(own, publicKey)) return null;
    const present = this.getPeer(publicKey);
    if (present !== undefined) return present;
    if (this.#peers.size >= this.maxPeers) return null;
    const peer = new Peer(this.#context, publicKey);
    this.#peers.set(textOf(publicKey), peer);
    return peer;
  }

  /** Removes a peer: its allowed IPs, sessions, timers, staged packets and keys. */
  removePeer(peer: Peer): void {
    if (this.getPeer(peer.publicKey) !== peer) return;
    this.#peers.delete(textOf(peer.publicKey));
    this.allowedIps.removeByPeer(peer);
    peer.wipe();
  }

  /** As {@linkcode removePeer}, for each. */
  removeAllPeers(): void {
    for (const peer of [...this.#peers.values()]) this.removePeer(peer);
  }

  /** Whether the interface is up; a device is created down. */
  get isUp(): boolean {
    return this.#context.isUp;
  }

  /** The interface went up: persistent keepalives begin. */
  up(now: Now): void {
    if (this.#context.isUp) return;
    this.#context.isUp = true;
    for (const peer of this.#peers.values()) peer.timers.startPersistentKeepalive(now.boot);
  }

  /**
   * The interface went down: sessions are erased, timers stopped, staged packets and waiting
   * handshakes dropped, and until it is up again everything received or sent is.
   */
  down(_now: Now): void {
    this.#context.isUp = false;
    this.#handshakes.clear();
    for (const peer of this.#peers.values()) peer.stop();
  }

  /**
   * One datagram from the network: `length` bytes at offset `message`. Transport data is queued in
   * place and must stay until {@linkcode completeReceive}; handshake messages are copied.
   */
  receive(message: number, length: number, source: Endpoint, now: Now): void {
    if (!this.#context.isUp) return;
    const type = messageType(this.#context.memory.view, message, length);
    if (type === MESSAGE_TRANSPORT_DATA) this.#receiver.receive(message, length, source, now);
    else if (type !== MESSAGE_INVALID) this.#handshakes.receive(type, message, length, source);
  }

  /** Opens what was received, in place and in order, and appends its packets to `delivered`. */
  completeReceive(now: Now): void {
    this.#receiver.complete(now);
  }

  /**
   * One packet from the interface: `length` bytes at offset `packet` of the transmit buffer, with
   * 16 bytes before and 31 behind it for header, padding and tag. True when it is queued in place
   * and its memory must stay; false when it was staged (copied) or dropped.
   */
  send(packet: number, length: number, now: Now): boolean {
    return this.#context.isUp && this.#sender.send(packet, length, now);
  }

  /** Seals what was sent, in place and in order, and appends it to `outgoing`. */
  completeSend(now: Now): void {
    this.#sender.complete(now);
  }

  /** How many handshake messages wait to be processed. */
  get handshakesWaiting(): number {
    return this.#handshakes.waiting;
  }

  /**
   * Processes one waiting handshake message (about a quarter of a millisecond), or some that cost next
   * to nothing. False when none waits, or when there is no room for the answer.
   */
  processNextHandshake(now: Now): boolean {
    return this.#handshakes.processNext(now);
  }

  /** Seals staged packets of peers that have a session now; true when more wait for room. */
  pump(now: Now): boolean {
    return this.#sender.pump(now);
  }

  /**
   * Does what is due: initiations, keepalives, erasure. Stops after a few initiations or without
   * room for the next message; {@linkcode nextDeadline} is then still in the past.
   */
  advance(now: Now): void {
    const { timers } = this.#context;
    this.#initiationsLeft = INITIATIONS_PER_TURN;
    while (timers.nextDeadline() <= now.boot) {
      if (!timers.first()?.fire(now, this.#timerActions)) return;
    }
  }

  /**
   * When {@linkcode advance} is to be called next, boot milliseconds; Infinity for never. It may be
   * too early, for a deadline that was since put off, but never too late. O(1).
   */
  nextDeadline(): number {
    return this.#context.timers.nextDeadline();
  }

  #sendInitiation(peer: Peer, now: Now): boolean {
    if (this.#initiationsLeft === 0 || !this.#handshakes.sendInitiation(peer, now)) return false;
    this.#initiationsLeft--;
    return true;
  }

  #onHandshakeComplete(peer: Peer, initiator: boolean, now: Now): void {
    peer.timers.onHandshakeComplete();
    peer.lastHandshake = now.wall;
    this.#sender.flush(peer);
    this.#context.emit({ type: "handshake-completed", peer, initiator });
  }
}

/** A public key as text of as many characters, which takes less memory and time than base64. */
function textOf(publicKey: Uint8Array): string {
  return String.fromCharCode.apply(null, publicKey as unknown as number[]);
}

function halves({ offset, length }: Region): { first: Region; second: Region } {
  const half = Math.floor(length / 32) * 16;
  return {
    first: { offset, length: half },
    second: { offset: offset + half, length: half },
  };
}
