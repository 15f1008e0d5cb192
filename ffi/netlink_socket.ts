import { NetlinkFormatError } from "../core/netlink/attributes.ts";
import {
  type Acknowledgement,
  decodeAcknowledgement,
  decodeMessages,
  encodeMessage,
  messageSize,
  type NetlinkMessage,
  type NetlinkRequest,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
} from "../core/netlink/message.ts";
import { Errno, SysError } from "./errno.ts";
import { KernelTransport, NETLINK_ROUTE, type NetlinkTransport } from "./netlink_transport.ts";

/** Requests sent at once: as many failures must fit the socket's receive buffer (208 KiB). */
const BATCH_COUNT = 64;
/** Bytes sent at once, well below the socket's send buffer. */
const BATCH_SIZE = 32 * 1024;
/** How often a dump is repeated when changes interrupt it, unless told otherwise. */
const DUMP_ATTEMPTS = 16;

/** How {@linkcode NetlinkSocket.dump} goes about it. */
export interface DumpOptions {
  /** How often it is made at most while changes interrupt it. */
  readonly attempts?: number;
  /** Whether one that was interrupted is taken as it is in the end, instead of EAGAIN. */
  readonly partial?: boolean;
  /** Whether the answers hold secrets, so that they are wiped once they are decoded. */
  readonly secret?: boolean;
}

/** What a request is for, in words that complete "Cannot …". Called only when it failed. */
export type Describe = () => string;

/** The kernel refused a request. */
export class NetlinkError extends SysError {
  constructor(
    operation: string,
    number: number,
    /** The kernel's explanation, "" when it gave none. */
    readonly kernelMessage: string,
  ) {
    super(operation, number, kernelMessage === "" ? ADVICE.get(number) : kernelMessage);
  }
}

const ADVICE = new Map<number, string>([
  [Errno.EACCES, "IPv6 may be switched off (sysctl net.ipv6.conf.all.disable_ipv6)"],
  [Errno.EAFNOSUPPORT, "this kernel lacks the address family"],
]);

/**
 * Asks the kernel by netlink and waits for its answers.
 *
 * Every method throws {@linkcode NetlinkError} when the kernel refuses, and other
 * {@linkcode SysError}s when it can't be asked.
 */
export class NetlinkSocket implements Disposable {
  #sequence = 0;

  /** See {@linkcode NetlinkSocket.open}. */
  constructor(readonly transport: NetlinkTransport) {}

  /** Opens a socket in the calling thread's network namespace, where it stays. */
  static open(protocol: number = NETLINK_ROUTE): NetlinkSocket {
    return new NetlinkSocket(KernelTransport.open({ protocol }));
  }

  /**
   * Makes a change.
   * @param tolerate errors that are none here
   * @returns whether the kernel made it: false after a tolerated error
   */
  request(request: NetlinkRequest, describe: Describe, tolerate: readonly number[] = []): boolean {
    const [error] = this.batch([request], describe);
    if (error === null || error === undefined) return true;
    if (tolerate.includes(error.errno)) return false;
    throw error;
  }

  /**
   * Makes many changes, each on its own: one that fails doesn't keep the others from happening.
   * @returns for each request its error or null
   */
  batch(
    requests: readonly NetlinkRequest[],
    describe: (index: number) => string,
  ): (NetlinkError | null)[] {
    const results = new Array<NetlinkError | null>(requests.length).fill(null);
    for (let start = 0; start < requests.length;) {
      const end = batchEnd(requests, start);
      this.#sendBatch(requests.slice(start, end));
      const last = this.#sequence, first = last - (end - start) + 1;
      const failures: [index: number, Acknowledgement][] = [];
      this.#eachAnswer(first, () => describe(start), (message) => {
        if (message.type !== NLMSG_ERROR) return false;
        const acknowledgement = decodeAcknowledgement(message);
        if (acknowledgement.errno !== 0) {
          failures.push([start + message.sequence - first, acknowledgement]);
        }
        return message.sequence === last;
      });
      // Only now, since `describe` may ask the kernel for names by this very socket.
      for (const [index, { errno, message }] of failures) {
        results[index] = new NetlinkError(describe(index), errno, message);
      }
      start = end;
    }
    return results;
  }

  /**
   * Makes many changes in one step: all of them, or none when one fails.
   * @param begin the message that begins such a batch
   * @param end the one that has it take effect; null only checks whether it could
   */
  transact(
    begin: NetlinkRequest,
    changes: readonly NetlinkRequest[],
    end: NetlinkRequest | null,
    describe: Describe,
  ): void {
    const batch = [begin, ...changes, ...(end === null ? [] : [end])];
    // Not the end, which only newer kernels acknowledge. Answers are sent when all is done.
    this.#sendBatch(batch, changes.length);
    const first = this.#sequence - batch.length + 1;
    this.#eachAnswer(first, describe, (message) => {
      if (message.type !== NLMSG_ERROR) return false;
      throwIfFailed(decodeAcknowledgement(message), describe);
      return message.sequence === first + changes.length;
    });
  }

  /** Gets one object: the payload of the answer. */
  get(request: NetlinkRequest, describe: Describe): Uint8Array {
    const sequence = this.#send(request);
    let payload = new Uint8Array(0);
    this.#eachAnswer(sequence, describe, (message) => {
      if (message.type === NLMSG_ERROR) throwIfFailed(decodeAcknowledgement(message), describe);
      else payload = new Uint8Array(message.payload);
      return true;
    });
    return payload;
  }

  /**
   * Lists objects. A listing that a change interrupted is made anew.
   * @param decode returns null for what doesn't belong
   */
  dump<T>(
    request: NetlinkRequest,
    describe: Describe,
    decode: (payload: Uint8Array) => T | null,
    { attempts = DUMP_ATTEMPTS, partial = false, secret = false }: DumpOptions = {},
  ): T[] {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const { objects, interrupted } = this.#dumpOnce(request, describe, decode, secret);
      if (!interrupted || (partial && attempt === attempts)) return objects;
    }
    throw new SysError(describe(), Errno.EAGAIN, "it changes faster than it can be read");
  }

  /** Closes the socket. */
  close(): void {
    this.transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #dumpOnce<T>(
    request: NetlinkRequest,
    describe: Describe,
    decode: (payload: Uint8Array) => T | null,
    secret: boolean,
  ): { objects: T[]; interrupted: boolean } {
    const sequence = this.#send(request);
    const objects: T[] = [];
    let interrupted = false;
    this.#eachAnswer(sequence, describe, (message) => {
      interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
      if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
        throwIfFailed(decodeAcknowledgement(message), describe);
        return true;
      }
      const object = decode(message.payload);
      if (secret) message.payload.fill(0);
      if (object !== null) objects.push(object);
      return false;
    });
    return { objects, interrupted };
  }

  /**
   * Passes `visit` the answers to the requests from sequence number `first` to the last one sent, until
   * it returns true.
   */
  #eachAnswer(
    first: number,
    describe: Describe,
    visit: (message: NetlinkMessage) => boolean,
  ): void {
    const last = this.#sequence;
    for (;;) {
      const datagram = this.transport.receive();
      if (datagram === null) {
        throw new SysError(describe(), Errno.ETIMEDOUT, "the kernel didn't answer");
      }
      try {
        for (const message of decodeMessages(datagram)) {
          const { sequence, portId, type } = message;
          // Others are late answers to a request that was given up.
          const isOurs = portId === this.transport.portId && sequence >= first &&
            sequence <= last;
          if (isOurs && type !== NLMSG_NOOP && visit(message)) return;
        }
      } catch (error) {
        if (!(error instanceof NetlinkFormatError)) throw error;
        throw new SysError(describe(), Errno.EBADMSG, error.message);
      }
    }
  }

  #send(request: NetlinkRequest): number {
    const bytes = new Uint8Array(messageSize(request));
    encodeMessage(bytes, 0, request, ++this.#sequence, false);
    this.#transmit(bytes);
    return this.#sequence;
  }

  /**
   * Sends all `requests`; the kernel reports failures anyway, so only one is to be acknowledged, by
   * default the last.
   */
  #sendBatch(requests: readonly NetlinkRequest[], acknowledged = requests.length - 1): void {
    const size = requests.reduce((sum, request) => sum + messageSize(request), 0);
    const bytes = new Uint8Array(size);
    let offset = 0;
    for (const [index, request] of requests.entries()) {
      const acknowledge = index === acknowledged;
      offset = encodeMessage(bytes, offset, request, ++this.#sequence, acknowledge);
    }
    this.#transmit(bytes);
  }

  /** Sends `bytes`, which may hold secrets, and wipes them. */
  #transmit(bytes: Uint8Array<ArrayBuffer>): void {
    try {
      this.transport.send(bytes);
    } finally {
      bytes.fill(0);
    }
  }
}

/** The end of the batch that begins with the request at `start`. */
function batchEnd(requests: readonly NetlinkRequest[], start: number): number {
  let size = 0;
  for (const [index, request] of requests.slice(start, start + BATCH_COUNT).entries()) {
    size += messageSize(request);
    if (size > BATCH_SIZE && index > 0) return start + index;
  }
  return Math.min(requests.length, start + BATCH_COUNT);
}

function throwIfFailed({ errno, message }: Acknowledgement, describe: Describe): void {
  if (errno !== 0) throw new NetlinkError(describe(), errno, message);
}
