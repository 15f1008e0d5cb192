import type { ChecksumKernel } from "../crypto/crypto.ts";
import type { Memory } from "../memory.ts";
import { ANY_FLOW, FlowPacket, MergeKind } from "./flow_packet.ts";
import { checksumsValid, PacketGroup } from "./packet_group.ts";
import { TcpFlag } from "./transport_header.ts";
import { clearVirtioNetHeader, VIRTIO_NET_HEADER_SIZE } from "./virtio_net_header.ts";

/** Open groups are found by a hash of their flow. Two flows of one hash share a place, three don't. */
const SET_BITS = 7;
const WAYS = 2;
const NONE = -1;

/**
 * Merges packets that arrived together into TCP and UDP super-packets, by the rules of Linux' generic
 * receive offload (tcp_gro_receive, udp_gro_receive, inet_gro_flush), so that they can be cut into
 * the very same packets again: but for IPv4 IDs that are all the same, which count up then. They mean
 * nothing with DF (RFC 6864), and Linux cuts so whatever came with a virtio_net_hdr. Stricter than Linux:
 * FIN isn't merged, nor is another urgent pointer or a fixed ID without DF.
 *
 * {@linkcode add} the packets of a batch in their order; then take the {@linkcode groups}, in order of
 * their first packets; then {@linkcode clear}. Packets of one flow keep their order, those of different
 * flows may change places. Nothing is copied or allocated: a group is a list of pieces of memory for one
 * writev(2): a virtio_net_hdr with the first packet, then the further packets' payload.
 *
 * A fragment or a packet with IP options may be of any flow, and must keep its place in it, so it ends all
 * groups so far, other peers' too. That makes more groups of a batch, and changes nothing else.
 */
export class Merger {
  /** How many packets a batch has at most. */
  readonly capacity: number;
  /** Which transport protocols are merged: a set of {@linkcode MergeKind}; 0 for none. */
  kinds: number = MergeKind.ALL;
  /** How many groups there are, among them those of a single packet. */
  groups = 0;

  readonly #view: DataView;
  readonly #checksum: ChecksumKernel;
  readonly #parsed = new FlowPacket();
  readonly #groups: PacketGroup[];
  /** Open groups: {@linkcode WAYS} for each value of a hash's upper bits, and their whole hashes. */
  readonly #slots = new Int32Array(WAYS << SET_BITS).fill(NONE);
  readonly #hashes = new Int32Array(WAYS << SET_BITS);
  /** Groups below this number are closed. */
  #firstOpen = 0;
  #pieces = 0;
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #next: Int32Array;

  /** A merger of up to `capacity` packets in `memory`; `checksum` works on the same memory. */
  constructor(memory: Memory, checksum: ChecksumKernel, capacity: number) {
    this.capacity = capacity;
    this.#view = memory.view;
    this.#checksum = checksum;
    this.#groups = Array.from({ length: capacity }, () => new PacketGroup());
    this.#offsets = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
    this.#next = new Int32Array(capacity);
  }

  /**
   * Adds a packet of `length` bytes at `packet`, before which {@linkcode VIRTIO_NET_HEADER_SIZE} bytes are
   * free to be overwritten. It must stay there until {@linkcode clear}.
   *
   * @param length what the IP header says, or the packet is not merged
   * @returns false, and nothing changed, when there are {@linkcode capacity} packets already
   */
  add(packet: number, length: number): boolean {
    const piece = this.#pieces;
    if (piece === this.capacity) return false;
    this.#pieces = piece + 1;
    this.#next[piece] = NONE;
    const parsed = this.#parsed;
    parsed.parse(this.#view, packet, length);
    const isCandidate = (parsed.kind & this.kinds) !== 0;
    const slot = isCandidate ? this.#slotOf(parsed.hash) : 0;
    if (isCandidate && parsed.mergeable && this.#join(slot, packet, length)) {
      this.#offsets[piece] = packet + parsed.headerSize;
      this.#lengths[piece] = parsed.payloadSize;
      return true;
    }
    this.#offsets[piece] = packet - VIRTIO_NET_HEADER_SIZE;
    this.#lengths[piece] = VIRTIO_NET_HEADER_SIZE + length;
    const group = this.groups++;
    this.#at(group).open(packet, length, piece, parsed);
    if (isCandidate) {
      const isOpen = parsed.mergeable && (parsed.flags & TcpFlag.PSH) === 0;
      this.#slots[slot] = isOpen ? group : NONE;
      this.#hashes[slot] = parsed.hash;
    } else if (parsed.kind === ANY_FLOW) {
      this.#firstOpen = this.groups;
    }
    return true;
  }

  /**
   * Makes group `group` ready to be written: its first packet becomes the super-packet's header. Once for
   * each group. A single packet was not verified here: its virtio_net_hdr, all zero, leaves that to the
   * kernel.
   *
   * @returns its first piece; {@linkcode next} leads to the others
   */
  begin(group: number): number {
    const { packet, count, firstPiece } = this.#at(group);
    if (count > 1) this.#at(group).writeHeaders(this.#view);
    else clearVirtioNetHeader(this.#view, packet - VIRTIO_NET_HEADER_SIZE);
    return firstPiece;
  }

  /**
   * Takes a group apart after {@linkcode begin}, when the kernel doesn't want it: each of its pieces is a
   * whole packet, as it came, with a virtio_net_hdr of its own.
   *
   * @returns its first piece
   */
  takeApart(group: number): number {
    const { headerSize, count, firstPiece } = this.#at(group);
    if (count > 1) this.#at(group).restoreHeaders(this.#view);
    clearVirtioNetHeader(this.#view, this.offset(firstPiece));
    const before = VIRTIO_NET_HEADER_SIZE + headerSize;
    for (let piece = this.next(firstPiece); piece >= 0; piece = this.next(piece)) {
      const start = this.offset(piece) - before;
      this.#offsets[piece] = start;
      this.#lengths[piece] = this.length(piece) + before;
      clearVirtioNetHeader(this.#view, start);
    }
    return firstPiece;
  }

  /** The piece of the same group behind `piece`; negative when there is none. */
  next(piece: number): number {
    return this.#next[piece] ?? NONE;
  }

  /** Offset in the memory of what is to be written of piece `piece`. */
  offset(piece: number): number {
    return this.#offsets[piece] ?? 0;
  }

  /** Bytes of piece `piece`; a first piece's virtio_net_hdr counts. */
  length(piece: number): number {
    return this.#lengths[piece] ?? 0;
  }

  /** How many pieces group `group` has: at most {@linkcode MAX_GROUP_PACKETS}. */
  count(group: number): number {
    return this.#at(group).count;
  }

  /** Forgets all packets. */
  clear(): void {
    this.groups = 0;
    this.#pieces = 0;
    this.#firstOpen = 0;
    this.#slots.fill(NONE);
  }

  /** Where the open group of a flow is, or is to be. One of another flow that is there will be closed. */
  #slotOf(hash: number): number {
    const hashes = this.#hashes, slots = this.#slots;
    const slot = (hash >>> 32 - SET_BITS) * WAYS;
    if (hashes[slot] === hash) return slot;
    if (hashes[slot + 1] === hash) return slot + 1;
    return (slots[slot] ?? NONE) <= (slots[slot + 1] ?? NONE) ? slot : slot + 1;
  }

  /** Appends the parsed packet, which is the newest piece, to its flow's open group if it continues it. */
  #join(slot: number, packet: number, length: number): boolean {
    const open = this.#slots[slot] ?? NONE;
    if (open < this.#firstOpen) return false;
    const view = this.#view, parsed = this.#parsed;
    const group = this.#at(open);
    if (!group.continuedBy(view, packet, parsed)) return false;
    // Checksums of packets that stay alone are left to the kernel.
    if (!group.verify(view, this.#checksum)) return false;
    if (!checksumsValid(view, this.#checksum, packet, length, parsed.kind)) {
      parsed.mergeable = false;
      return false;
    }
    const piece = this.#pieces - 1;
    this.#next[group.lastPiece] = piece;
    if (!group.append(piece, parsed)) this.#slots[slot] = NONE;
    return true;
  }

  #at(group: number): PacketGroup {
    const found = this.#groups[group];
    if (found === undefined) throw new RangeError(`There is no group ${group}`);
    return found;
  }
}
