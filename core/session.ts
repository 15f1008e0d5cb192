import {
  KEY_SIZE,
  REJECT_AFTER_MESSAGES_HIGH,
  REJECT_AFTER_MESSAGES_LOW,
  REJECT_AFTER_TIME_MS,
  REKEY_AFTER_MESSAGES_HIGH,
  REKEY_AFTER_MESSAGES_LOW,
  REKEY_AFTER_TIME_MS,
  REKEY_AFTER_TIME_RECEIVING_MS,
} from "./constants.ts";
import type { TransportAead } from "./crypto/crypto.ts";
import type { IndexTable } from "./index_table.ts";
import type { KeySlots } from "./key_slots.ts";
import type { Memory } from "./memory.ts";
import { MessageCounter } from "./message_counter.ts";
import type { SessionKeys } from "./noise/handshake.ts";
import {
  MESSAGE_TRANSPORT_DATA,
  transportCounterHigh,
  transportCounterLow,
  transportReceiverIndex,
  writeTransportHeader,
} from "./noise/messages.ts";
import type { Peer } from "./peer.ts";
import { ReplayWindow } from "./replay.ts";

/** What all sessions of a device share. */
export interface SessionResources {
  readonly memory: Memory;
  readonly aead: TransportAead;
  readonly keySlots: KeySlots;
  readonly indices: IndexTable<Peer | Session>;
}

/**
 * The keys of one handshake and what they are good for (whitepaper sections 5.4.5 and 5.4.6). Only
 * this class knows a key, the counter of what was sent and the window of what was received. Messages
 * are sealed and opened in place: by themselves, or in a batch by a descriptor of each. Times are
 * boot time in milliseconds.
 */
export class Session {
  readonly peer: Peer;
  /** Whether this side sent the initiation: then this side asks for the next session. */
  readonly initiator: boolean;
  /** Index (u32) in the messages of the other side. */
  readonly localIndex: number;
  /** When the handshake was completed here. */
  readonly createdAt: number;
  /** The counter of the next message to send. */
  readonly sendCounter: MessageCounter = new MessageCounter();

  readonly #resources: SessionResources;
  readonly #view: DataView;
  readonly #remoteIndex: number;
  readonly #received = new ReplayWindow();
  /** Offset of the keys; -1 once they are erased. */
  #slot: number;

  /** Takes over `slot`, which holds the keys, and `keys.localIndex`: both are freed by {@linkcode erase}. */
  constructor(
    resources: SessionResources,
    peer: Peer,
    keys: SessionKeys,
    slot: number,
    createdAt: number,
  ) {
    this.#resources = resources;
    this.#view = resources.memory.view;
    this.peer = peer;
    this.initiator = keys.initiator;
    this.localIndex = keys.localIndex;
    this.#remoteIndex = keys.remoteIndex;
    this.#slot = slot;
    this.createdAt = createdAt;
    resources.indices.replace(keys.localIndex, this);
  }

  /** Whether the keys are gone: nothing may be sealed or opened any more. */
  get erased(): boolean {
    return this.#slot < 0;
  }

  /** Whether another message may be sent: not after REJECT_AFTER_TIME or REJECT_AFTER_MESSAGES. */
  canSend(now: number): boolean {
    return this.canReceive(now) &&
      !this.sendCounter.isAtLeast(REJECT_AFTER_MESSAGES_HIGH, REJECT_AFTER_MESSAGES_LOW);
  }

  /** Whether messages are still accepted: not after REJECT_AFTER_TIME. */
  canReceive(now: number): boolean {
    return this.#slot >= 0 && now - this.createdAt < REJECT_AFTER_TIME_MS;
  }

  /** Whether this side, having sent, must ask for the next session (whitepaper section 6.2). */
  needsRekeyAfterSending(now: number): boolean {
    return this.sendCounter.isAtLeast(REKEY_AFTER_MESSAGES_HIGH, REKEY_AFTER_MESSAGES_LOW) ||
      (this.initiator && now - this.createdAt >= REKEY_AFTER_TIME_MS);
  }

  /** Whether this side, having received, must ask for the next session before this one ends. */
  needsRekeyAfterReceiving(now: number): boolean {
    return this.initiator && now - this.createdAt >= REKEY_AFTER_TIME_RECEIVING_MS;
  }

  /** Writes the 16-byte header of the next message to `message`. Only when {@linkcode canSend}. */
  writeHeader(message: number): void {
    const counter = this.sendCounter;
    writeTransportHeader(this.#view, message, this.#remoteIndex, counter.high, counter.low);
    counter.increment();
  }

  /** Whether the bytes at `message` have the header of a message that this side sends. */
  isOutgoing(message: number): boolean {
    return this.#view.getUint32(message, true) === MESSAGE_TRANSPORT_DATA &&
      transportReceiverIndex(this.#view, message) === this.#remoteIndex;
  }

  /**
   * Seals `length` bytes of plaintext behind the header at `message`, and appends the tag. False, and
   * nothing is sealed, when the keys are gone.
   */
  seal(message: number, length: number): boolean {
    if (this.#slot < 0) return false;
    this.#resources.aead.seal(this.#slot, message, length);
    return true;
  }

  /** Writes the descriptor for sealing `length` bytes of plaintext at `message` to `descriptor`. */
  describeSeal(descriptor: number, message: number, length: number): void {
    this.#describe(descriptor, this.#slot, message, length);
  }

  /** Writes the descriptor for opening `length` bytes, the tag not counted, to `descriptor`. */
  describeOpen(descriptor: number, message: number, length: number): void {
    this.#describe(descriptor, this.#slot + KEY_SIZE, message, length);
  }

  /** Whether the counter of the authenticated message at `message` is seen for the first time. */
  acceptCounter(message: number): boolean {
    return this.#received.accept(
      transportCounterHigh(this.#view, message),
      transportCounterLow(this.#view, message),
    );
  }

  /** Overwrites the keys and gives up the index. */
  erase(): void {
    if (this.#slot < 0) return;
    this.#resources.keySlots.release(this.#slot);
    this.#resources.indices.release(this.localIndex);
    this.#slot = -1;
  }

  #describe(descriptor: number, key: number, message: number, length: number): void {
    this.#view.setUint32(descriptor, key, true);
    this.#view.setUint32(descriptor + 4, message, true);
    this.#view.setUint32(descriptor + 8, length, true);
  }
}
