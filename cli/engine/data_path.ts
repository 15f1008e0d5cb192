import type { Now } from "../../core/clock.ts";
import { TAG_SIZE, TRANSPORT_HEADER_SIZE } from "../../core/crypto/crypto.ts";
import type { Device } from "../../core/device.ts";
import type { TransmitBuffer } from "../../core/transmit_buffer.ts";
import type { Arena } from "../../ffi/arena.ts";
import { Errno, errno } from "../../ffi/errno.ts";
import { IOVEC } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import type { TunDevice } from "../../ffi/tun.ts";
import { UdpReceiver } from "../../ffi/udp_receiver.ts";
import { UdpSender } from "../../ffi/udp_sender.ts";

/** Bytes of a struct virtio_net_hdr, which stands before each packet of the interface. */
const VNET_HEADER_SIZE = 10;
/** The largest IP packet. */
const MAX_PACKET_SIZE = 65_535;
/** Room behind a packet: padding to a multiple of 16, and the tag. */
const TAILROOM = 15 + TAG_SIZE;
/** Datagrams per recvmmsg, and packets of the interface before they are sent on. */
const BATCH = 64;

/**
 * Moves packets between the interface and the network, in batches and in place: what recvmmsg wrote
 * into the arena is decrypted there and written to the interface from there, and the other way round.
 * Nothing is allocated or copied per packet.
 */
export class DataPath {
  /** Packets that the interface refused, as it does while it is down. */
  refusedByInterface = 0;
  /** Whether the interface was deleted under us. */
  gone = false;
  readonly receiver: UdpReceiver;
  readonly sender: UdpSender;
  readonly #arena: Arena;
  readonly #tun: TunDevice;
  readonly #device: Device;
  readonly #transmit: TransmitBuffer;
  readonly #iovec: number;
  readonly #iovecPointer: Deno.PointerObject;

  constructor(arena: Arena, tun: TunDevice, device: Device, transmit: TransmitBuffer) {
    this.#arena = arena;
    this.#tun = tun;
    this.#device = device;
    this.#transmit = transmit;
    this.receiver = new UdpReceiver(arena, BATCH);
    this.sender = new UdpSender(arena, null);
    this.sender.onSourceUnusable = (at) => this.#forgetSource(at);
    this.#iovec = arena.reserve(IOVEC.SIZE);
    this.#iovecPointer = arena.pointer(this.#iovec);
  }

  /** Receives one batch from the socket `fd` and delivers it. True when more may wait there. */
  receive(fd: number, now: Now): boolean {
    const { receiver } = this;
    const count = receiver.receive(fd);
    for (let slot = 0; slot < count; slot++) {
      const source = receiver.endpoint(slot);
      if (source === null) continue;
      const end = receiver.offset(slot) + receiver.length(slot);
      const size = receiver.segmentSize(slot);
      for (let message = receiver.offset(slot); message < end; message += size) {
        this.#device.receive(message, Math.min(size, end - message), source, now);
      }
    }
    if (count <= 0) return false;
    this.#device.completeReceive(now);
    this.#deliver();
    return count === BATCH;
  }

  /** Reads one batch of packets from the interface and seals it. True when more may wait there. */
  send(now: Now): boolean {
    let mayHaveMore = true;
    for (let count = 0; count < BATCH && mayHaveMore; count++) {
      const block = this.#transmit.allocate(TRANSPORT_HEADER_SIZE + MAX_PACKET_SIZE + TAILROOM);
      if (block < 0) break;
      const packet = block + TRANSPORT_HEADER_SIZE;
      const length = this.#readPacket(packet);
      mayHaveMore = length > 0;
      if (mayHaveMore && this.#device.send(packet, length, now)) {
        this.#transmit.shrink(block, TRANSPORT_HEADER_SIZE + length + TAILROOM);
      } else {
        this.#transmit.release(block);
      }
    }
    this.#device.completeSend(now);
    return mayHaveMore;
  }

  /** Sends all that is ready, then as much of what waited for room as there is. */
  flush(now: Now): void {
    const { outgoing } = this.#device;
    do {
      if (outgoing.count > 0) this.sender.send(outgoing);
      outgoing.clear();
      this.#transmit.reset();
    } while (this.#device.pump(now) || outgoing.count > 0);
  }

  #deliver(): void {
    const { delivered } = this.#device;
    const { view } = this.#arena.memory;
    for (let at = 0; at < delivered.count; at++) {
      // The header before the packet has served its purpose; a zeroed virtio_net_hdr takes its place.
      const start = delivered.offset(at) - VNET_HEADER_SIZE;
      view.setUint32(start, 0);
      view.setUint32(start + 4, 0);
      view.setUint16(start + 8, 0);
      this.#setIovec(start, VNET_HEADER_SIZE + delivered.length(at));
      if (libc.writev(this.#tun.fd, this.#iovecPointer, 1) < 0) {
        this.refusedByInterface++;
        if (errno() === Errno.EBADFD) this.gone = true;
      }
    }
    delivered.clear();
  }

  /** Reads a packet of the interface to offset `packet`. Its length; 0 when there is none. */
  #readPacket(packet: number): number {
    this.#setIovec(packet - VNET_HEADER_SIZE, VNET_HEADER_SIZE + MAX_PACKET_SIZE);
    const length = libc.readv(this.#tun.fd, this.#iovecPointer, 1);
    // Only what a deleted interface answers: a garbage collection right after the call may have changed
    // errno to something else, which must not end the tunnel.
    if (length < 0 && errno() === Errno.EBADFD) this.gone = true;
    return Math.max(0, length - VNET_HEADER_SIZE);
  }

  #setIovec(offset: number, length: number): void {
    this.#arena.writeAddress(this.#iovec + IOVEC.BASE, offset);
    this.#arena.memory.view.setUint32(this.#iovec + IOVEC.LENGTH, length, true);
  }

  /** Datagram `at` could only leave from another address than the one its peer wrote to. */
  #forgetSource(at: number): void {
    const peer = this.#device.outgoing.peer(at);
    if (peer?.endpoint) peer.setEndpoint(peer.endpoint.withoutSource());
  }
}
