import type { ChecksumKernel } from "../../core/crypto/crypto.ts";
import { MergeKind } from "../../core/offload/flow_packet.ts";
import { Merger } from "../../core/offload/merge.ts";
import { MAX_GROUP_PACKETS } from "../../core/offload/packet_group.ts";
import {
  clearVirtioNetHeader,
  GsoType,
  VIRTIO_NET_HEADER_SIZE,
  VirtioNetHeader,
} from "../../core/offload/virtio_net_header.ts";
import type { PacketQueue } from "../../core/packet_queue.ts";
import type { Arena } from "../../ffi/arena.ts";
import { Errno, errno } from "../../ffi/errno.ts";
import { IOVEC } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import type { TunDevice } from "../../ffi/tun.ts";

/** Kinds of packets that the interface takes merged, or not, together. */
export const TCP_KINDS: number = MergeKind.TCP4 | MergeKind.TCP6;
export const UDP_KINDS: number = MergeKind.UDP4 | MergeKind.UDP6;

/** Packets that are looked at together. */
const BATCH = 1024;
/**
 * After so many refusals in a row the interface takes no merged packets of a kind: one may be an
 * accident.
 */
const MOST_REFUSALS = 3;

/**
 * Writes packets to the interface from where they are in the arena, as super-packets where they allow
 * it.
 */
export class InterfaceWriter {
  /** Packets that the interface refused, as it does while it is down. */
  refused = 0;
  /** Whether the interface was deleted under us. */
  gone = false;
  /**
   * Called when the interface refused merged packets with an error number, but took the same packets one
   * by one, several times in a row: those of `kinds` (a set of `MergeKind`) aren't merged any more.
   */
  onMergedRefused: ((kinds: number, error: number) => void) | null = null;
  readonly #arena: Arena;
  readonly #tun: Pick<TunDevice, "fd">;
  readonly #merger: Merger;
  readonly #iovecs: number;
  readonly #iovecsPointer: Deno.PointerObject;
  /** Refusals in a row of merged packets. */
  readonly #refusals = { tcp: 0, udp: 0 };

  constructor(arena: Arena, tun: Pick<TunDevice, "fd">, checksum: ChecksumKernel) {
    this.#arena = arena;
    this.#tun = tun;
    this.#merger = new Merger(arena.memory, checksum, BATCH);
    this.#iovecs = arena.reserve(MAX_GROUP_PACKETS * IOVEC.SIZE);
    this.#iovecsPointer = arena.pointer(this.#iovecs);
  }

  /** Which transport protocols are merged: a set of `MergeKind`; 0 for none. */
  get kinds(): number {
    return this.#merger.kinds;
  }
  set kinds(kinds: number) {
    this.#merger.kinds = kinds;
  }

  /** Writes all of `packets`: those of one flow in order. */
  write(packets: PacketQueue): void {
    const merger = this.#merger;
    if (packets.count === 1 || merger.kinds === 0) {
      for (let at = 0; at < packets.count; at++) {
        this.#writeAlone(packets.offset(at), packets.length(at));
      }
      return;
    }
    for (let at = 0; at < packets.count;) {
      while (at < packets.count && merger.add(packets.offset(at), packets.length(at))) at++;
      for (let group = 0; group < merger.groups; group++) this.#writeGroup(group);
      merger.clear();
    }
  }

  #writeGroup(group: number): void {
    const merger = this.#merger;
    const first = merger.begin(group);
    let count = 0;
    for (let piece = first; piece >= 0; piece = merger.next(piece)) {
      this.#setIovec(count++, merger.offset(piece), merger.length(piece));
    }
    const error = this.#writeIovecs(count);
    if (error === 0) {
      if (count > 1) this.#refusals[this.#protocolOf(first)] = 0;
      return;
    }
    // EIO: the interface is down.
    if (count === 1 || error === Errno.EIO || this.gone) this.refused += count;
    else this.#writeApart(group, first, error);
  }

  /** The interface refused group `group` with `error`: writes its packets one by one. */
  #writeApart(group: number, first: number, error: number): void {
    const merger = this.#merger;
    const protocol = this.#protocolOf(first);
    let refused = 0;
    for (let piece = merger.takeApart(group); piece >= 0; piece = merger.next(piece)) {
      this.#setIovec(0, merger.offset(piece), merger.length(piece));
      if (this.#writeIovecs(1) !== 0) refused++;
    }
    this.refused += refused;
    if (refused > 0 || error !== Errno.EINVAL) return;
    if (++this.#refusals[protocol] < MOST_REFUSALS) return;
    const kinds = protocol === "udp" ? UDP_KINDS : TCP_KINDS;
    merger.kinds &= ~kinds;
    this.onMergedRefused?.(kinds, error);
  }

  /** What the merged packets that begin with piece `first` are. */
  #protocolOf(first: number): "tcp" | "udp" {
    const header = this.#merger.offset(first);
    const type = this.#arena.memory.view.getUint8(header + VirtioNetHeader.GSO_TYPE);
    return type === GsoType.UDP ? "udp" : "tcp";
  }

  #writeAlone(packet: number, length: number): void {
    // The message's header before the packet has served its purpose.
    const header = packet - VIRTIO_NET_HEADER_SIZE;
    clearVirtioNetHeader(this.#arena.memory.view, header);
    this.#setIovec(0, header, VIRTIO_NET_HEADER_SIZE + length);
    if (this.#writeIovecs(1) !== 0) this.refused++;
  }

  /** One writev of `count` pieces: 0, or the error number. */
  #writeIovecs(count: number): number {
    if (libc.writev(this.#tun.fd, this.#iovecsPointer, count) >= 0) return 0;
    const error = errno();
    // Only what a deleted interface answers: a garbage collection right after the call may have changed
    // errno to something else, which must not end the tunnel.
    if (error === Errno.EBADFD) this.gone = true;
    return error;
  }

  #setIovec(index: number, offset: number, length: number): void {
    const iovec = this.#iovecs + index * IOVEC.SIZE;
    this.#arena.writeAddress(iovec + IOVEC.BASE, offset);
    this.#arena.memory.view.setUint32(iovec + IOVEC.LENGTH, length, true);
  }
}
