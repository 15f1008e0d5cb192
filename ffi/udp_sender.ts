import type { Now } from "../core/clock.ts";
import type { Endpoint } from "../core/endpoint.ts";
import type { IpFamily } from "../core/ip.ts";
import type { Memory } from "../core/memory.ts";
import type { Arena } from "./arena.ts";
import { CONTROL_SIZE, writePacketInfo, writeSegmentSize } from "./control_message.ts";
import { Errno, errno } from "./errno.ts";
import { IOVEC, MMSGHDR, MSGHDR, POLLOUT } from "./layout.ts";
import { libc } from "./libc.ts";
import { PollSet } from "./poll.ts";
import { writeSockaddr } from "./sockaddr.ts";
import type { UdpSockets } from "./udp.ts";

/** A sockaddr, rounded up to a multiple of 8. */
const NAME_SIZE = 32;

/** Datagrams that one message may be cut into: UDP_MAX_SEGMENTS of the oldest kernels that cut. */
const MAX_SEGMENTS = 64;
/** Bytes of one message: the largest UDP payload over IPv4. */
const MAX_MESSAGE_SIZE = 65507;

/** How long datagrams of an endpoint aren't joined after the system refused some that were. */
const REMEMBER_MS = 60_000;
/** Endpoints remembered at a time. */
const MAX_REMEMBERED = 1024;
/** After so many refusals that may be the socket's fault, with nothing joined taken in between, it is. */
const SOCKET_REFUSALS = 2;
/** How long a socket is believed not to be able to cut datagrams: the next route may be another device's. */
const SOCKET_RETRY_MS = 600_000;

/** How long a full socket buffer is waited for, and how often in one {@linkcode UdpSender.send}. */
const WRITABLE_WAIT_MS = 5;
const MAX_WAITS = 4;

/** A list of datagrams in the arena, by position. */
export interface Datagrams {
  readonly count: number;
  /** Offset of datagram `at` in the arena. */
  offset(at: number): number;
  /** Bytes of datagram `at`. */
  length(at: number): number;
  /** Where datagram `at` goes; null to skip it. */
  endpoint(at: number): Endpoint | null;
}

/**
 * Sends lists of datagrams in batches.
 *
 * A *message* is what one header of sendmmsg(2) describes: one datagram; or, with {@linkcode gso}, up to
 * 64 successive ones of one endpoint and one size, the last of which may be shorter. Headers stay
 * encoded between batches, so a steady flow to one endpoint costs two addresses per datagram.
 */
export class UdpSender {
  /**
   * Whether datagrams to each IP version are joined for the kernel to cut (UDP_SEGMENT, since Linux 4.18).
   * Set to false for ten minutes when the system refuses those to several endpoints, or again to the same.
   */
  readonly gso: { 4: boolean; 6: boolean };
  /** Called when that happened, with the error number that told so. */
  onGsoUnsupported: ((version: IpFamily, error: number) => void) | null = null;
  /** Called when the ten minutes are over, and it is tried again. */
  onGsoRetried: ((version: IpFamily) => void) | null = null;
  /** Datagrams that the system refused so far. */
  refused = 0;
  /**
   * Called when datagram `at` of the list could only be sent without the local source of its endpoint,
   * whose address is gone: further ones to it had better have none.
   */
  onSourceUnusable: ((at: number) => void) | null = null;

  /** The sockets to send by; without them everything is refused. */
  sockets: UdpSockets | null;

  readonly #arena: Arena;
  readonly #memory: Memory;
  readonly #writable: PollSet;
  readonly #capacity: number;
  readonly #headers: number;
  readonly #iovecs: number;
  readonly #names: number;
  readonly #controls: number;
  readonly #headerPointers: Deno.PointerObject[];
  /** Whose address and source stand in each header. */
  readonly #encoded: (Endpoint | null)[];
  /** Bytes of the control message with that source. */
  readonly #sourceLengths: Int32Array;
  /** Each message's first iovec and number of iovecs: one per datagram. */
  readonly #firstIovecs: Int32Array;
  readonly #iovecCounts: Int32Array;
  /** The position of each iovec's datagram in the list. */
  readonly #positions: Int32Array;
  #messages = 0;
  #iovecsUsed = 0;
  #waits = 0;
  #otherFamily = false;
  #now: Now = { boot: 0, wall: 0 };
  #version: IpFamily = 4;
  /** Endpoints whose datagrams aren't joined, and until when: their route can't carry those. */
  readonly #unjoined = new Map<Endpoint, number>();
  /** Refusals that may be the socket's fault, since joined datagrams were taken last. */
  readonly #socketRefusals = { 4: 0, 6: 0 };
  /** When a socket that was believed not to be able to cut datagrams is tried again; Infinity for none. */
  readonly #retryAt = { 4: Infinity, 6: Infinity };

  /** @param options `capacity` is the largest number of datagrams per system call (up to 1024) */
  constructor(
    arena: Arena,
    sockets: UdpSockets | null,
    options: { capacity?: number; gso?: boolean } = {},
  ) {
    const capacity = options.capacity ?? 128;
    this.gso = { 4: options.gso ?? false, 6: options.gso ?? false };
    this.#arena = arena;
    this.#memory = arena.memory;
    this.sockets = sockets;
    this.#writable = new PollSet(arena, 1);
    this.#capacity = capacity;
    this.#headers = arena.reserve(capacity * MMSGHDR.SIZE);
    this.#iovecs = arena.reserve(capacity * IOVEC.SIZE);
    this.#names = arena.reserve(capacity * NAME_SIZE);
    this.#controls = arena.reserve(capacity * CONTROL_SIZE);
    this.#headerPointers = [];
    this.#encoded = new Array(capacity).fill(null);
    this.#sourceLengths = new Int32Array(capacity);
    this.#firstIovecs = new Int32Array(capacity);
    this.#iovecCounts = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
    for (let message = 0; message < capacity; message++) {
      const header = this.#header(message);
      this.#headerPointers.push(arena.pointer(header));
      arena.writeAddress(header + MSGHDR.NAME, this.#names + message * NAME_SIZE);
      arena.writeAddress(header + MSGHDR.CONTROL, this.#control(message));
    }
  }

  /**
   * Sends all of `datagrams`, in order within each address family. What the system refuses is skipped,
   * and so is the rest when a socket's buffer stays full: UDP may lose datagrams, and waiting longer
   * would stop everything else.
   *
   * @param now an object, for V8 would allocate a number with a fraction for each call
   * @returns how many datagrams the system took
   */
  send(datagrams: Datagrams, now: Now): number {
    this.#now = now;
    this.#waits = 0;
    this.#otherFamily = false;
    let sent = this.#sendFamily(datagrams, this.sockets?.ipv4 ?? -1, 4);
    if (this.#otherFamily) sent += this.#sendFamily(datagrams, this.sockets?.ipv6 ?? -1, 6);
    this.refused += datagrams.count - sent;
    return sent;
  }

  /** Whether joined datagrams to `endpoint` were refused lately, so that none are joined for a while. */
  refusesJoined(endpoint: Endpoint, now: Now): boolean {
    return now.boot < (this.#unjoined.get(endpoint) ?? -Infinity);
  }

  #sendFamily(datagrams: Datagrams, fd: number, version: IpFamily): number {
    this.#version = version;
    if (this.#now.boot >= this.#retryAt[version]) this.#retryGso(version);
    let sent = 0;
    for (let at = 0; at < datagrams.count;) {
      at = this.#fill(datagrams, at);
      if (fd >= 0) sent += this.#flush(fd);
    }
    return sent;
  }

  /** Builds messages from the datagrams at `at` and after, and returns where it stopped. */
  #fill(datagrams: Datagrams, at: number): number {
    this.#messages = 0;
    this.#iovecsUsed = 0;
    const addressLength = this.#version === 4 ? 4 : 16;
    const gso = this.gso[this.#version];
    /** Whom the message under construction may take more datagrams for. */
    let groupEndpoint: Endpoint | null = null;
    let segmentSize = 0, groupSize = 0, groupCount = 0;
    for (; at < datagrams.count && this.#iovecsUsed < this.#capacity; at++) {
      const endpoint = datagrams.endpoint(at);
      if (endpoint === null) continue;
      if (endpoint.address.length !== addressLength) {
        this.#otherFamily = true;
        continue;
      }
      const length = datagrams.length(at);
      const joins = endpoint === groupEndpoint && length <= segmentSize &&
        groupCount < MAX_SEGMENTS && groupSize + length <= MAX_MESSAGE_SIZE;
      if (!joins) {
        this.#closeMessage(groupCount, segmentSize);
        this.#openMessage(endpoint);
        groupEndpoint = gso && this.#mayJoin(endpoint) ? endpoint : null;
        segmentSize = length;
        groupSize = 0;
        groupCount = 0;
      }
      this.#addDatagram(at, datagrams.offset(at), length);
      groupSize += length;
      groupCount++;
      // Only the last datagram of a message may be shorter.
      if (length < segmentSize) groupEndpoint = null;
    }
    this.#closeMessage(groupCount, segmentSize);
    return at;
  }

  #openMessage(endpoint: Endpoint): void {
    const message = this.#messages++;
    this.#firstIovecs[message] = this.#iovecsUsed;
    if (this.#encoded[message] === endpoint) return;
    this.#encoded[message] = endpoint;
    const name = this.#names + message * NAME_SIZE;
    this.#memory.view.setUint32(
      this.#header(message) + MSGHDR.NAME_LENGTH,
      writeSockaddr(this.#memory, name, endpoint),
      true,
    );
    this.#sourceLengths[message] = endpoint.source === null
      ? 0
      : writePacketInfo(this.#memory, this.#control(message), endpoint.source);
  }

  #addDatagram(at: number, offset: number, length: number): void {
    const index = this.#iovecsUsed++;
    const iovec = this.#iovecs + index * IOVEC.SIZE;
    this.#positions[index] = at;
    this.#arena.writeAddress(iovec + IOVEC.BASE, offset);
    this.#memory.view.setUint32(iovec + IOVEC.LENGTH, length, true);
  }

  #closeMessage(count: number, segmentSize: number): void {
    if (count === 0) return;
    const message = this.#messages - 1;
    this.#iovecCounts[message] = count;
    let controlLength = this.#sourceLengths[message] ?? 0;
    if (count > 1) {
      const at = this.#control(message) + controlLength;
      controlLength += writeSegmentSize(this.#memory.view, at, segmentSize);
    }
    this.#describe(message, this.#firstIovecs[message] ?? 0, count, controlLength);
  }

  /** Points the header of `message` to its iovecs and control messages. */
  #describe(message: number, iovec: number, count: number, controlLength: number): void {
    const header = this.#header(message);
    this.#arena.writeAddress(header + MSGHDR.IOV, this.#iovecs + iovec * IOVEC.SIZE);
    this.#memory.view.setUint32(header + MSGHDR.IOV_LENGTH, count, true);
    this.#memory.view.setUint32(header + MSGHDR.CONTROL_LENGTH, controlLength, true);
  }

  /** Sends all messages built, and returns the number of datagrams in those that were taken. */
  #flush(fd: number): number {
    let sent = 0;
    for (let message = 0; message < this.#messages;) {
      const taken = this.#transmit(fd, message, this.#messages - message);
      if (taken > 0) {
        let datagrams = 0;
        for (let i = 0; i < taken; i++) datagrams += this.#iovecCounts[message + i] ?? 0;
        if (datagrams > taken) this.#socketRefusals[this.#version] = 0;
        sent += datagrams;
        message += taken;
      } else if (taken === -Errno.EAGAIN) {
        return sent;
      } else {
        sent += this.#recover(fd, message, -taken);
        message++;
      }
    }
    return sent;
  }

  /** The system refused `message`: sends what can be sent of it in another way. */
  #recover(fd: number, message: number, error: number): number {
    const count = this.#iovecCounts[message] ?? 0;
    const first = this.#firstIovecs[message] ?? 0;
    if (count === 1) return this.#retryWithoutSource(fd, message, first, error);
    if (mayBlameJoining(error)) this.#learn(message, error);
    let sent = 0;
    for (let iovec = first; iovec < first + count; iovec++) {
      // What the destination is refused for would be repeated by each of the datagrams.
      if (iovec > first && sent === 0 && concernsDestination(error)) return 0;
      this.#describe(message, iovec, 1, this.#sourceLengths[message] ?? 0);
      const taken = this.#transmit(fd, message, 1);
      sent += taken > 0 ? 1 : this.#retryWithoutSource(fd, message, iovec, -taken);
    }
    return sent;
  }

  /** What `error` of the joined datagrams of `message` tells about further ones. */
  #learn(message: number, error: number): void {
    const endpoint = this.#encoded[message] ?? null;
    // Another message of the same batch told so already.
    if (endpoint === null || this.refusesJoined(endpoint, this.#now)) return;
    // EMSGSIZE, EINVAL: the route's MTU is smaller than a datagram: by itself, that would be fragmented.
    // EIO: the route's device can't compute the checksums of what is cut. Another route's may well do.
    if (this.#unjoined.size >= MAX_REMEMBERED) this.#unjoined.clear();
    this.#unjoined.set(endpoint, this.#now.boot + REMEMBER_MS);
    if (!mayBlameSocket(error)) return;
    const version = this.#version;
    if (++this.#socketRefusals[version] < SOCKET_REFUSALS || !this.gso[version]) return;
    this.gso[version] = false;
    this.#retryAt[version] = this.#now.boot + SOCKET_RETRY_MS;
    this.onGsoUnsupported?.(version, error);
  }

  /** Joins datagrams again. One more refusal suffices to end that. */
  #retryGso(version: IpFamily): void {
    this.#retryAt[version] = Infinity;
    this.#socketRefusals[version] = SOCKET_REFUSALS - 1;
    this.gso[version] = true;
    this.onGsoRetried?.(version);
  }

  /** Whether successive datagrams to `endpoint` may be joined. */
  #mayJoin(endpoint: Endpoint): boolean {
    if (this.#unjoined.size === 0) return true;
    const until = this.#unjoined.get(endpoint);
    if (until === undefined) return true;
    if (this.#now.boot < until) return false;
    this.#unjoined.delete(endpoint);
    return true;
  }

  #retryWithoutSource(fd: number, message: number, iovec: number, error: number): number {
    if (this.#sourceLengths[message] === 0 || !mayBlameSource(error)) return 0;
    this.#describe(message, iovec, 1, 0);
    if (this.#transmit(fd, message, 1) !== 1) return 0;
    this.onSourceUnusable?.(this.#positions[iovec] ?? 0);
    return 1;
  }

  /** One sendmmsg, repeated while a full buffer empties. Messages taken, or the negative error number. */
  #transmit(fd: number, message: number, count: number): number {
    const pointer = this.#headerPointers[message] ?? null;
    for (;;) {
      const taken = libc.sendmmsg(fd, pointer, count, 0);
      if (taken > 0) return taken;
      const number = errno();
      if (number === Errno.EINTR) continue;
      if (number !== Errno.EAGAIN || !this.#becomesWritable(fd)) return -number;
    }
  }

  #becomesWritable(fd: number): boolean {
    if (this.#waits >= MAX_WAITS) return false;
    this.#waits++;
    this.#writable.set(0, fd, POLLOUT);
    return this.#writable.wait(WRITABLE_WAIT_MS) > 0;
  }

  #header(message: number): number {
    return this.#headers + message * MMSGHDR.SIZE;
  }

  #control(message: number): number {
    return this.#controls + message * CONTROL_SIZE;
  }
}

/** Whether joined datagrams refused with `error` may pass one by one, to whatever endpoint they go. */
function mayBlameSocket(error: number): boolean {
  return error === Errno.EIO || error === Errno.EOPNOTSUPP;
}

/** Whether joined datagrams refused with `error` may pass one by one. */
function mayBlameJoining(error: number): boolean {
  return mayBlameSocket(error) || error === Errno.EMSGSIZE || error === Errno.EINVAL;
}

/** Whether `error` is of the route to the destination, or of a firewall in between. */
function concernsDestination(error: number): boolean {
  return error === Errno.EPERM || error === Errno.EACCES || error === Errno.ENETDOWN ||
    error === Errno.ENETUNREACH || error === Errno.EHOSTUNREACH || error === Errno.ENODEV ||
    error === Errno.EADDRNOTAVAIL;
}

/** Whether a datagram refused with `error` may pass without its local source. */
function mayBlameSource(error: number): boolean {
  return error === Errno.EINVAL || error === Errno.EADDRNOTAVAIL || error === Errno.ENETUNREACH ||
    error === Errno.EHOSTUNREACH || error === Errno.ENODEV;
}
