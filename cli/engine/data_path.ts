import type { Now } from "../../core/clock.ts";
import { type ChecksumKernel, TAG_SIZE, TRANSPORT_HEADER_SIZE } from "../../core/crypto/crypto.ts";
import type { Device } from "../../core/device.ts";
import type { TransmitBuffer } from "../../core/transmit_buffer.ts";
import type { Arena } from "../../ffi/arena.ts";
import type { TunDevice } from "../../ffi/tun.ts";
import { UdpReceiver } from "../../ffi/udp_receiver.ts";
import { UdpSender } from "../../ffi/udp_sender.ts";
import { InterfaceReader } from "./interface_reader.ts";
import { InterfaceWriter } from "./interface_writer.ts";

/** Room behind a packet: padding to a multiple of 16, and the tag. */
const TAILROOM = 15 + TAG_SIZE;
/** Datagrams, or what the kernel joined of several, per recvmmsg. */
const SLOTS = 64;
/** What is read from the interface before it is sent on: so many packets, or so many bytes. */
const MAX_READS = 64;
const MAX_READ_BYTES = 256 << 10;

/** What a data path works on. */
export interface DataPathOptions {
  arena: Arena;
  tun: TunDevice;
  device: Device;
  transmit: TransmitBuffer;
  checksum: ChecksumKernel;
}

/**
 * Moves packets between the interface and the network, in batches: what recvmmsg wrote into the arena is
 * decrypted there and written to the interface from there; what the interface hands over is copied
 * once, when it is cut and completed. Nothing is allocated per packet.
 */
export class DataPath {
  readonly receiver: UdpReceiver;
  readonly sender: UdpSender;
  readonly reader: InterfaceReader;
  readonly writer: InterfaceWriter;
  readonly #device: Device;
  readonly #transmit: TransmitBuffer;

  constructor({ arena, tun, device, transmit, checksum }: DataPathOptions) {
    this.#device = device;
    this.#transmit = transmit;
    this.receiver = new UdpReceiver(arena, SLOTS);
    this.sender = new UdpSender(arena, null);
    this.sender.onSourceUnusable = (at) => this.#forgetSource(at);
    this.reader = new InterfaceReader(arena, tun, checksum);
    this.writer = new InterfaceWriter(arena, tun, checksum);
  }

  /** Whether the interface was deleted under us. */
  get gone(): boolean {
    return this.reader.gone || this.writer.gone;
  }

  /** Receives one batch from the socket `fd` and delivers it. True when more may wait there. */
  receive(fd: number, now: Now): boolean {
    const { receiver } = this;
    const device = this.#device;
    const count = receiver.receive(fd);
    for (let slot = 0; slot < count; slot++) {
      const source = receiver.endpoint(slot);
      if (source === null) continue;
      const end = receiver.offset(slot) + receiver.length(slot);
      const size = receiver.segmentSize(slot);
      for (let message = receiver.offset(slot); message < end; message += size) {
        device.receive(message, Math.min(size, end - message), source, now);
      }
    }
    if (count <= 0) return false;
    device.completeReceive(now);
    this.writer.write(device.delivered);
    device.delivered.clear();
    return receiver.full;
  }

  /** Reads one batch of packets from the interface and seals it. True when more may wait there. */
  send(now: Now): boolean {
    const { reader } = this;
    let mayHaveMore = true;
    for (let reads = 0, bytes = 0; reads < MAX_READS && bytes < MAX_READ_BYTES; reads++) {
      const length = reader.read();
      if (length === 0) {
        mayHaveMore = false;
        break;
      }
      bytes += length;
      for (let index = 0; index < reader.count; index++) this.#send(index, now);
    }
    this.#device.completeSend(now);
    return mayHaveMore;
  }

  /** Sends all that is ready, then as much of what waited for room as there is. */
  flush(now: Now): void {
    const { outgoing } = this.#device;
    do {
      if (outgoing.count > 0) this.sender.send(outgoing, now);
      outgoing.clear();
      this.#transmit.reset();
    } while (this.#device.pump(now) || outgoing.count > 0);
  }

  /** Queues packet `index` of what was read last. */
  #send(index: number, now: Now): void {
    const transmit = this.#transmit;
    const length = this.reader.length(index);
    const size = TRANSPORT_HEADER_SIZE + length + TAILROOM;
    let block = transmit.allocate(size);
    if (block < 0) {
      this.#device.completeSend(now);
      this.flush(now);
      block = transmit.allocate(size);
      if (block < 0) return;
    }
    const packet = block + TRANSPORT_HEADER_SIZE;
    this.reader.write(index, packet);
    if (!this.#device.send(packet, length, now)) transmit.release(block);
  }

  /** Datagram `at` could only leave from another address than the one its peer wrote to. */
  #forgetSource(at: number): void {
    const peer = this.#device.outgoing.peer(at);
    if (peer?.endpoint) peer.setEndpoint(peer.endpoint.withoutSource());
  }
}
