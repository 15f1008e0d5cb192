/**
 * What it costs to cut super-packets and to merge packets, checksums included, without any cryptography.
 * The baseline is copying the same bytes once. Packets are TCP over IPv4 with 1380 bytes of payload.
 */
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../../core/crypto/wasm.ts";
import { memoryOf } from "../../core/memory.ts";
import { Merger } from "../../core/offload/merge.ts";
import { Splitter } from "../../core/offload/split.ts";
import { GsoType, NEEDS_CHECKSUM, VirtioNetHeader } from "../../core/offload/virtio_net_header.ts";

const PACKETS = 45;
const PAYLOAD = 1380;
const HEADERS = 40;
/** Each benchmark has an area of its own: a super-packet, and slots for its packets. */
const SUPER = 64, SLOTS = 64 << 10, SLOT = 2048, AREA_SIZE = 192 << 10, AREAS = 8;
const MEMORY_SIZE = AREAS * AREA_SIZE;

const pages = new WebAssembly.Memory({
  initial: Math.ceil((MEMORY_SIZE + WASM_SCRATCH_SIZE) / 65_536),
});
const memory = memoryOf(pages.buffer);
const { view, bytes } = memory;
const { checksum } = wasmSupported()
  ? createWasmCrypto(pages, MEMORY_SIZE)
  : createNobleCrypto(memory);
const splitter = new Splitter(memory, checksum);
const merger = new Merger(memory, checksum, 64);

function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

let areas = 0;

class Area {
  readonly #super: number;
  readonly #slots: number;

  constructor() {
    if (areas === AREAS) throw new RangeError("memory too small");
    const start = areas++ * AREA_SIZE;
    this.#super = start + SUPER;
    this.#slots = start + SLOTS;
  }

  /** Writes a TCP super-packet as the kernel hands it out, for packets of `payload` bytes. */
  fill(packets: number, payload: number, port = 1): number {
    const packet = this.#super, length = HEADERS + packets * payload;
    const header = packet - 10;
    view.setUint8(header + VirtioNetHeader.FLAGS, NEEDS_CHECKSUM);
    view.setUint8(header + VirtioNetHeader.GSO_TYPE, packets > 1 ? GsoType.TCP4 : GsoType.NONE);
    view.setUint16(header + VirtioNetHeader.HEADER_LENGTH, HEADERS, true);
    view.setUint16(header + VirtioNetHeader.GSO_SIZE, payload, true);
    view.setUint16(header + VirtioNetHeader.CHECKSUM_START, 20, true);
    view.setUint16(header + VirtioNetHeader.CHECKSUM_OFFSET, 16, true);
    bytes.fill(0, packet, packet + HEADERS);
    view.setUint32(packet, 0x4500_0000 | length);
    view.setUint32(packet + 4, 0x1234_4000);
    view.setUint16(packet + 8, 0x4006);
    view.setUint32(packet + 12, 0x0a00_0001);
    view.setUint32(packet + 16, 0x0a00_0002);
    view.setUint16(packet + 20, port);
    view.setUint16(packet + 22, 5201);
    view.setUint32(packet + 24, 1000);
    view.setUint16(packet + 32, 0x5010);
    // The kernel leaves the sum of the pseudo-header there.
    view.setUint16(packet + 36, fold(0x0a00 + 1 + 0x0a00 + 2 + 6 + length - 20));
    let sum = 0;
    for (let at = packet; at < packet + 20; at += 2) sum += view.getUint16(at);
    view.setUint16(packet + 10, ~fold(sum));
    return length;
  }

  /** Cuts a super-packet of `length` bytes into the slots `first`, `first + step`… */
  cut(length: number, first = 0, step = 1): void {
    const count = splitter.begin(this.#super - 10, this.#super, length);
    if (count === 0) throw new Error("malformed");
    for (let i = 0; i < count; i++) {
      const to = this.#slot(first + i * step);
      if (count > 1) splitter.write(i, to);
      else bytes.copyWithin(to, this.#super, this.#super + length);
    }
  }

  /** Merges the packets in the first slots; `expected` is how many groups they make. */
  merge(packets: number, size: number, expected: number): void {
    for (let i = 0; i < packets; i++) merger.add(this.#slot(i), size);
    if (merger.groups !== expected) throw new Error(`${merger.groups} groups, not ${expected}`);
    for (let group = 0; group < merger.groups; group++) merger.begin(group);
    // Leaves the packets as they came, for the next iteration.
    for (let group = 0; group < merger.groups; group++) merger.takeApart(group);
    merger.clear();
  }

  /** Copies the payload of a super-packet, as much of it as goes into each slot. */
  copy(packets: number, payload: number): void {
    for (let i = 0; i < packets; i++) {
      const from = this.#super + HEADERS + i * payload;
      bytes.copyWithin(this.#slot(i), from, from + payload);
    }
  }

  #slot(index: number): number {
    return this.#slots + index * SLOT + 64;
  }
}

for (const size of [64, HEADERS + PAYLOAD]) {
  const group = `${PACKETS} packets of ${size} B`;
  const payload = size - HEADERS;
  const whole = new Area(), apart = new Area();
  const length = whole.fill(PACKETS, payload);
  apart.cut(apart.fill(PACKETS, payload));
  Deno.bench({
    name: `${group}: copying`,
    group,
    baseline: true,
    fn: () => whole.copy(PACKETS, payload),
  });
  Deno.bench({
    name: `${group}: cutting them out of a super-packet`,
    group,
    fn: () => whole.cut(length),
  });
  Deno.bench({
    name: `${group}: merging them to one`,
    group,
    fn: () => apart.merge(PACKETS, size, 1),
  });
  const flows = 4, each = Math.floor(PACKETS / flows);
  const interleaved = new Area();
  for (let flow = 0; flow < flows; flow++) {
    interleaved.cut(interleaved.fill(each, payload, flow), flow, flows);
  }
  Deno.bench({
    name: `${group}: merging ${each * flows} of ${flows} flows in turns`,
    group,
    fn: () => interleaved.merge(each * flows, size, flows),
  });
  const strangers = new Area();
  for (let i = 0; i < PACKETS; i++) strangers.cut(strangers.fill(1, payload, i), i);
  Deno.bench({
    name: `${group}: each of another flow, nothing to merge`,
    group,
    fn: () => strangers.merge(PACKETS, size, PACKETS),
  });
}
