import type { TransportAead } from "./crypto/crypto.ts";
import type { Region } from "./device_context.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Memory } from "./memory.ts";
import type { Session } from "./session.ts";

/** Bytes of a descriptor of {@linkcode TransportAead.sealBatch}. */
const DESCRIPTOR_SIZE = 16;
const DESCRIPTOR_RESULT = 12;

/** What is to be done with the messages of a batch. */
export type BatchOperation = "seal" | "open";

/**
 * Transport data messages that wait to be sealed or opened at once, in order. Bounded; one array per
 * field, so that nothing is allocated per message. Lengths are those of the plaintext, padding included.
 */
export class TransportBatch {
  readonly capacity: number;
  readonly #opens: boolean;
  readonly #view: DataView;
  readonly #aead: TransportAead;
  /** Offset of the descriptors. */
  readonly #list: number;
  readonly #sessions: (Session | null)[];
  readonly #messages: Int32Array;
  readonly #lengths: Int32Array;
  readonly #sources: (Endpoint | null)[];
  #count = 0;

  /** `list` is a region of `memory`, 16-byte aligned: it has room for 16 bytes of each message. */
  constructor(operation: BatchOperation, memory: Memory, aead: TransportAead, list: Region) {
    const capacity = Math.floor(list.length / DESCRIPTOR_SIZE);
    this.capacity = capacity;
    this.#opens = operation === "open";
    this.#view = memory.view;
    this.#aead = aead;
    this.#list = list.offset;
    this.#sessions = new Array(capacity).fill(null);
    this.#messages = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
    this.#sources = new Array(capacity).fill(null);
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count === this.capacity;
  }

  /** Appends a message; there must be room. `source` is where a received one came from. */
  push(session: Session, message: number, length: number, source: Endpoint | null): void {
    this.#set(this.#count++, session, message, length, source);
  }

  /** The session of message `at`. */
  session(at: number): Session | null {
    return this.#sessions[at] ?? null;
  }

  /** Offset of message `at`. */
  message(at: number): number {
    return this.#messages[at] ?? 0;
  }

  /** Bytes of plaintext of message `at`. */
  length(at: number): number {
    return this.#lengths[at] ?? 0;
  }

  /** Where message `at` came from. */
  source(at: number): Endpoint | null {
    return this.#sources[at] ?? null;
  }

  /** Seals or opens all messages, but forgets those whose session ended after they were appended. */
  run(): void {
    if (this.#hasErased()) this.#forgetErased();
    if (this.#opens) this.#aead.openBatch(this.#list, this.#count);
    else this.#aead.sealBatch(this.#list, this.#count);
  }

  /** Whether message `at` was authentic. */
  opened(at: number): boolean {
    return this.#view.getUint32(this.#list + at * DESCRIPTOR_SIZE + DESCRIPTOR_RESULT, true) === 1;
  }

  clear(): void {
    this.#count = 0;
  }

  #hasErased(): boolean {
    let last: Session | null = null;
    for (let at = 0; at < this.#count; at++) {
      const session = this.session(at);
      if (session === last) continue;
      if (session === null || session.erased) return true;
      last = session;
    }
    return false;
  }

  #forgetErased(): void {
    let kept = 0;
    for (let at = 0; at < this.#count; at++) {
      const session = this.session(at);
      if (session === null || session.erased) continue;
      if (kept !== at) {
        this.#set(kept, session, this.message(at), this.length(at), this.source(at));
      }
      kept++;
    }
    this.#count = kept;
  }

  #set(
    at: number,
    session: Session,
    message: number,
    length: number,
    source: Endpoint | null,
  ): void {
    this.#sessions[at] = session;
    this.#messages[at] = message;
    this.#lengths[at] = length;
    this.#sources[at] = source;
    const descriptor = this.#list + at * DESCRIPTOR_SIZE;
    if (this.#opens) session.describeOpen(descriptor, message, length);
    else session.describeSeal(descriptor, message, length);
  }
}
