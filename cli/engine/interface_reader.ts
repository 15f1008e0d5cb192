import type { ChecksumKernel } from "../../core/crypto/crypto.ts";
import type { Memory } from "../../core/memory.ts";
import { Splitter } from "../../core/offload/split.ts";
import { VIRTIO_NET_HEADER_SIZE } from "../../core/offload/virtio_net_header.ts";
import type { Arena } from "../../ffi/arena.ts";
import { Errno } from "../../ffi/errno.ts";
import type { TunDevice } from "../../ffi/tun.ts";

/** The largest IP packet, which a super-packet may be as well. */
const MAX_PACKET_SIZE = 65_535;
/** Where a packet begins in the staging buffer: aligned, with the header before it. */
const PACKET_OFFSET = 16;

/**
 * Reads packets of the interface into one small buffer, which stays in the processor's cache, and cuts
 * super-packets. What comes out are complete packets, which are written to where they are sent from.
 */
export class InterfaceReader {
  /** Whether the interface was deleted under us. */
  gone = false;
  readonly #tun: TunDevice;
  readonly #memory: Memory;
  readonly #splitter: Splitter;
  readonly #header: number;
  readonly #packet: number;
  readonly #headerPointer: Deno.PointerObject;
  /** Bytes of what was read last. */
  #length = 0;
  #count = 0;

  constructor(arena: Arena, tun: TunDevice, checksum: ChecksumKernel) {
    this.#tun = tun;
    this.#memory = arena.memory;
    this.#splitter = new Splitter(arena.memory, checksum);
    this.#packet = arena.reserve(PACKET_OFFSET + MAX_PACKET_SIZE) + PACKET_OFFSET;
    this.#header = this.#packet - VIRTIO_NET_HEADER_SIZE;
    this.#headerPointer = arena.pointer(this.#header);
  }

  /** Reads what the interface hands over next. Its bytes; 0 when nothing waits. */
  read(): number {
    const length = this.#tun.read(this.#headerPointer, VIRTIO_NET_HEADER_SIZE + MAX_PACKET_SIZE);
    if (length <= VIRTIO_NET_HEADER_SIZE) {
      // Only what a deleted interface answers: a garbage collection right after the call may have
      // changed errno to something else, which must not end the tunnel.
      if (length === -Errno.EBADFD) this.gone = true;
      return 0;
    }
    this.#length = length - VIRTIO_NET_HEADER_SIZE;
    this.#count = this.#splitter.begin(this.#header, this.#packet, this.#length);
    return this.#length;
  }

  /** How many packets it makes; 0 when it is malformed. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of packet `index`. */
  length(index: number): number {
    return this.#count === 1 ? this.#length : this.#splitter.length(index);
  }

  /** Writes packet `index` of what was read last, complete, to offset `to` of the arena. */
  write(index: number, to: number): void {
    if (this.#count > 1) this.#splitter.write(index, to);
    else this.#memory.bytes.copyWithin(to, this.#packet, this.#packet + this.#length);
  }
}
