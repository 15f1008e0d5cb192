import type { Now } from "./clock.ts";
import type { DeviceContext } from "./device_context.ts";
import type { Endpoint } from "./endpoint.ts";
import { isZero } from "./memory.ts";
import { CookieGenerator } from "./noise/cookie.ts";
import { Handshake } from "./noise/handshake.ts";
import { Sessions } from "./sessions.ts";
import { StagedQueue } from "./staged_packets.ts";
import { PeerTimers } from "./timers.ts";

/** One peer of a device. Made by {@linkcode Device.addPeer} only. */
export class Peer {
  /** Wall clock (ms) when the last handshake was completed; 0 when never. */
  lastHandshake = 0;
  /** Bytes of valid datagrams from the peer: whole UDP payloads, handshake messages included. */
  receivedBytes = 0;
  /** Bytes of datagrams to the peer: whole UDP payloads, handshake messages included. */
  sentBytes = 0;

  /** Whether the peer was removed from its device: nothing may be set any more. */
  removed = false;

  /**
   * Where it may be reached as well: its initiations go there, too. The first answer decides, since the
   * peer is then reached where that came from.
   */
  rivalEndpoints: readonly Endpoint[] = [];

  /** Used by the device. */
  readonly handshake: Handshake;
  /** Used by the device. */
  readonly cookies: CookieGenerator;
  /** Used by the device. */
  readonly sessions: Sessions = new Sessions();
  /** Used by the device. */
  readonly timers: PeerTimers<Peer>;
  /** Used by the device: packets that wait for a session. */
  readonly staged: StagedQueue = new StagedQueue();
  /** Used by the device: whether the peer is in line for having its staged packets sent. */
  flushing = false;

  readonly #context: DeviceContext;
  #endpoint: Endpoint | null = null;
  #persistentKeepaliveInterval = 0;

  /** Copies `publicKey`, 32 bytes. */
  constructor(context: DeviceContext, publicKey: Uint8Array) {
    this.#context = context;
    this.handshake = new Handshake(context.noise, publicKey);
    this.cookies = new CookieGenerator(
      context.crypto.handshake,
      publicKey,
      context.cookieSlots,
    );
    this.timers = new PeerTimers<Peer>(this, context.timers, context.jitter);
  }

  /** The peer's public key, 32 bytes; zeros once it is removed. Not a copy. */
  get publicKey(): Uint8Array {
    return this.handshake.remoteStatic;
  }

  /** The preshared key, 32 bytes; null when there is none. Not a copy: don't keep it. */
  get presharedKey(): Uint8Array | null {
    const key = this.handshake.presharedKey;
    return isZero(key) ? null : key;
  }

  /** Sets the preshared key (32 bytes, copied), for the next handshake; null or all zero removes it. */
  setPresharedKey(key: Uint8Array | null): void {
    this.handshake.setPresharedKey(key);
  }

  /** Where the peer is reached; null when not known yet. Changes when the peer roams. */
  get endpoint(): Endpoint | null {
    return this.#endpoint;
  }

  /** Sets where the peer is reached, until it roams. */
  setEndpoint(endpoint: Endpoint | null): void {
    this.#endpoint = endpoint;
  }

  /** Seconds between keepalives that are sent whatever else happens; 0 for none. */
  get persistentKeepaliveInterval(): number {
    return this.#persistentKeepaliveInterval;
  }

  /** Sets that interval, 0 to 65535 s. A change from 0 sends a keepalive at once. */
  setPersistentKeepaliveInterval(seconds: number, now: Now): void {
    const starts = this.#persistentKeepaliveInterval === 0;
    this.#persistentKeepaliveInterval = seconds;
    this.timers.setPersistentKeepalive(seconds * 1000, now.boot);
    if (starts && this.#context.isUp) this.timers.startPersistentKeepalive(now.boot);
  }

  /** Used by the device: an authenticated datagram came from `source`, so answers go there. */
  updateEndpoint(source: Endpoint): void {
    const from = this.#endpoint;
    if (from === source || from?.equals(source)) return;
    this.#endpoint = source;
    if (from?.sameRemote(source)) return;
    this.#context.emit({ type: "roamed", peer: this, from, to: source });
  }

  /** The local side may be chosen anew. */
  clearEndpointSource(): void {
    this.#endpoint = this.#endpoint?.withoutSource() ?? null;
  }

  /** Used by the device: forgets a handshake under way. */
  clearHandshake(): void {
    if (this.handshake.pending) this.#context.indices.release(this.handshake.localIndex);
    this.handshake.clear();
  }

  /** Used by the device: erases the keys of all sessions and of a handshake under way. */
  eraseKeys(): void {
    this.clearHandshake();
    if (this.sessions.erase()) this.#context.emit({ type: "sessions-erased", peer: this });
  }

  /** Used by the device: the interface went down. */
  stop(): void {
    this.timers.stop();
    this.eraseKeys();
    this.#context.staged.clear(this.staged);
  }

  /** Used by the device: erases all that there is of the peer, which is removed. */
  wipe(): void {
    this.removed = true;
    this.stop();
    this.handshake.wipe();
    this.cookies.wipe();
  }
}
