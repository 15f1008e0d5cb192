import type { Now } from "./clock.ts";
import {
  ERASE_KEYS_AFTER_MS,
  KEEPALIVE_TIMEOUT_MS,
  MAX_TIMER_HANDSHAKES,
  NEW_HANDSHAKE_AFTER_SILENCE_MS,
  REKEY_TIMEOUT_MS,
} from "./constants.ts";
import type { DeadlineHeap, HeapEntry } from "./deadline_heap.ts";
import type { Jitter } from "./jitter.ts";

/** What the timers of a peer make the device do for it. */
export interface TimerActions<Owner> {
  /** Sends an initiation; false when it can't be done right now and must be tried again. */
  sendInitiation(owner: Owner, now: Now): boolean;
  /** Sends a keepalive; false when it can't be done right now and must be tried again. */
  sendKeepalive(owner: Owner, now: Now): boolean;
  /** Forgets which local address the peer was reached from: it may be what doesn't work. */
  clearEndpointSource(owner: Owner): void;
  /** No answer to so many initiations: drops the staged packets. */
  giveUp(owner: Owner, initiations: number): void;
  /** Erases the keys of all sessions and of a handshake under way. */
  eraseKeys(owner: Owner): void;
}

/**
 * The timers of one peer (whitepaper section 6). The methods named `on…` are called when that
 * happens; they only store a deadline. One heap over all peers tells who is due: a peer's place in it
 * is never later than its first deadline, but may be earlier, for deadlines that move back or vanish
 * are noticed when the peer comes up. So the busy path doesn't touch the heap.
 *
 * Times are boot time in milliseconds; Infinity means that a timer isn't running.
 *
 * @internal
 */
export class PeerTimers<Owner> implements HeapEntry {
  deadline = Infinity;
  position = -1;

  /** Whose timers these are. */
  readonly owner: Owner;
  /** Retransmissions of the initiation under way. */
  handshakeAttempts = 0;

  readonly #heap: DeadlineHeap<PeerTimers<Owner>>;
  readonly #jitter: Jitter;
  /** When an initiation or response was last sent. */
  #lastSentHandshake = -Infinity;
  /** An initiation was asked for, and is sent as soon as there is time for it. */
  #initiate = Infinity;
  #retransmitHandshake = Infinity;
  #sendKeepalive = Infinity;
  #newHandshake = Infinity;
  #eraseKeys = Infinity;
  #persistentKeepalive = Infinity;
  /** Data came in while a keepalive was already due. */
  #needAnotherKeepalive = false;
  /** This session's late request for a new one, on receiving, was made. */
  #sentLastMinuteHandshake = false;
  #persistentKeepaliveMs = 0;

  constructor(owner: Owner, heap: DeadlineHeap<PeerTimers<Owner>>, jitter: Jitter) {
    this.owner = owner;
    this.#heap = heap;
    this.#jitter = jitter;
  }

  /** Interval of persistent keepalives in ms, 0 for none. Running ones go on at the new one. */
  setPersistentKeepalive(interval: number, now: number): void {
    if (interval === this.#persistentKeepaliveMs) return;
    const running = this.#persistentKeepalive !== Infinity;
    this.#persistentKeepaliveMs = interval;
    this.#persistentKeepalive = running && interval > 0 ? now + interval : Infinity;
    this.#wakeBy(this.#persistentKeepalive);
  }

  /** Makes a persistent keepalive due at once, if the peer has any. */
  startPersistentKeepalive(now: number): void {
    if (this.#persistentKeepaliveMs === 0) return;
    this.#persistentKeepalive = now;
    this.#wakeBy(now);
  }

  /**
   * Asks for a new session. Never sooner than REKEY_TIMEOUT after the last initiation or response: if
   * that one leads to a session, this request is met by it.
   */
  requestHandshake(now: number): void {
    this.handshakeAttempts = 0;
    if (this.#mayInitiate(now)) {
      this.#initiate = now;
      this.#wakeBy(now);
    } else if (this.#retransmitHandshake === Infinity) {
      this.#retransmitLater();
    }
  }

  /**
   * Sends the initiation that awaits its answer anew, without delay, since the peer is now sought
   * elsewhere. False when none does.
   */
  retransmitHandshakeNow(now: number): boolean {
    if (this.#retransmitHandshake === Infinity) return false;
    this.#lastSentHandshake = -Infinity;
    this.#retransmitHandshake = now;
    this.#wakeBy(now);
    return true;
  }

  /** Like {@linkcode requestHandshake}, once per session: called when receiving near its end. */
  requestLastMinuteHandshake(now: number): void {
    if (this.#sentLastMinuteHandshake) return;
    this.#sentLastMinuteHandshake = true;
    this.requestHandshake(now);
  }

  /** Should be called after transport data with a packet in it was sent. */
  onDataSent(now: number): void {
    if (this.#newHandshake !== Infinity) return;
    this.#newHandshake = now + NEW_HANDSHAKE_AFTER_SILENCE_MS + this.#jitter.next();
    this.#wakeBy(this.#newHandshake);
  }

  /** Should be called after transport data with a packet in it was authenticated. */
  onDataReceived(now: number): void {
    if (this.#sendKeepalive !== Infinity) {
      this.#needAnotherKeepalive = true;
      return;
    }
    this.#sendKeepalive = now + KEEPALIVE_TIMEOUT_MS;
    this.#wakeBy(this.#sendKeepalive);
  }

  /** Should be called after a message of any type but cookie replies was sent. */
  onAnyAuthenticatedPacketSent(): void {
    this.#sendKeepalive = Infinity;
  }

  /** Should be called after a message of any type but cookie replies was authenticated. */
  onAnyAuthenticatedPacketReceived(): void {
    this.#newHandshake = Infinity;
  }

  /** Should be called before either of the two above. */
  onAnyAuthenticatedPacketTraversal(now: number): void {
    if (this.#persistentKeepaliveMs === 0) return;
    this.#persistentKeepalive = now + this.#persistentKeepaliveMs;
    this.#wakeBy(this.#persistentKeepalive);
  }

  /** Should be called after an initiation was sent. */
  onHandshakeInitiated(now: number): void {
    this.#lastSentHandshake = now;
    this.#retransmitLater();
  }

  /** Should be called after a response was sent. */
  onHandshakeAnswered(now: number): void {
    this.#lastSentHandshake = now;
  }

  /** Should be called when both sides have the keys: on a response, or on the first transport data. */
  onHandshakeComplete(): void {
    this.#retransmitHandshake = Infinity;
    this.handshakeAttempts = 0;
    this.#sentLastMinuteHandshake = false;
  }

  /** Should be called after the keys of a session were derived. */
  onSessionDerived(now: number): void {
    this.#eraseKeys = now + ERASE_KEYS_AFTER_MS;
    this.#wakeBy(this.#eraseKeys);
  }

  /** Lets the next {@linkcode requestHandshake} through, however short ago the last message was. */
  forgetLastSentHandshake(): void {
    this.#lastSentHandshake = -Infinity;
  }

  /** Stops all timers. */
  stop(): void {
    this.#initiate = Infinity;
    this.#retransmitHandshake = Infinity;
    this.#sendKeepalive = Infinity;
    this.#newHandshake = Infinity;
    this.#eraseKeys = Infinity;
    this.#persistentKeepalive = Infinity;
    this.#needAnotherKeepalive = false;
    this.#sentLastMinuteHandshake = false;
    this.handshakeAttempts = 0;
    this.#lastSentHandshake = -Infinity;
    this.#heap.remove(this);
  }

  /**
   * Does what is due and takes the peer's next place in the heap. False when something couldn't be
   * done right now: it stays due.
   */
  fire(now: Now, actions: TimerActions<Owner>): boolean {
    const done = this.#fireRetransmitHandshake(now, actions) &&
      this.#fireNewHandshake(now, actions) && this.#fireSendKeepalive(now, actions) &&
      this.#firePersistentKeepalive(now, actions) && this.#fireEraseKeys(now, actions) &&
      this.#fireInitiate(now, actions);
    this.#heap.schedule(this, this.#earliest());
    return done;
  }

  #fireRetransmitHandshake(now: Now, actions: TimerActions<Owner>): boolean {
    if (this.#retransmitHandshake > now.boot) return true;
    this.#retransmitHandshake = Infinity;
    if (this.handshakeAttempts > MAX_TIMER_HANDSHAKES) {
      this.#sendKeepalive = Infinity;
      if (this.#eraseKeys === Infinity) this.#eraseKeys = now.boot + ERASE_KEYS_AFTER_MS;
      actions.giveUp(this.owner, this.handshakeAttempts + 1);
    } else if (this.#mayInitiate(now.boot)) {
      this.handshakeAttempts++;
      actions.clearEndpointSource(this.owner);
      this.#initiate = now.boot;
    } else {
      this.#retransmitLater();
    }
    return true;
  }

  #fireNewHandshake(now: Now, actions: TimerActions<Owner>): boolean {
    if (this.#newHandshake > now.boot) return true;
    this.#newHandshake = Infinity;
    actions.clearEndpointSource(this.owner);
    this.requestHandshake(now.boot);
    return true;
  }

  #fireSendKeepalive(now: Now, actions: TimerActions<Owner>): boolean {
    if (this.#sendKeepalive > now.boot) return true;
    if (!actions.sendKeepalive(this.owner, now)) return false;
    this.#sendKeepalive = Infinity;
    if (this.#needAnotherKeepalive) {
      this.#needAnotherKeepalive = false;
      this.#sendKeepalive = now.boot + KEEPALIVE_TIMEOUT_MS;
    }
    return true;
  }

  #firePersistentKeepalive(now: Now, actions: TimerActions<Owner>): boolean {
    if (this.#persistentKeepalive > now.boot) return true;
    if (!actions.sendKeepalive(this.owner, now)) return false;
    // Also when nothing could be sent, for want of a session or an endpoint: there may be one later.
    this.#persistentKeepalive = now.boot + this.#persistentKeepaliveMs;
    return true;
  }

  #fireEraseKeys(now: Now, actions: TimerActions<Owner>): boolean {
    if (this.#eraseKeys > now.boot) return true;
    this.#eraseKeys = Infinity;
    actions.eraseKeys(this.owner);
    return true;
  }

  #fireInitiate(now: Now, actions: TimerActions<Owner>): boolean {
    if (this.#initiate > now.boot) return true;
    if (this.#mayInitiate(now.boot) && !actions.sendInitiation(this.owner, now)) return false;
    this.#initiate = Infinity;
    return true;
  }

  #mayInitiate(now: number): boolean {
    return now - this.#lastSentHandshake >= REKEY_TIMEOUT_MS;
  }

  /** Tries again as if the handshake message sent last had been an initiation. */
  #retransmitLater(): void {
    this.#retransmitHandshake = this.#lastSentHandshake + REKEY_TIMEOUT_MS + this.#jitter.next();
    this.#wakeBy(this.#retransmitHandshake);
  }

  #wakeBy(deadline: number): void {
    if (deadline < this.deadline) this.#heap.schedule(this, deadline);
  }

  #earliest(): number {
    return Math.min(
      this.#initiate,
      this.#retransmitHandshake,
      this.#sendKeepalive,
      this.#newHandshake,
      this.#eraseKeys,
      this.#persistentKeepalive,
    );
  }
}
