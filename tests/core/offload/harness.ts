/** Runs the code under test on packets given as byte arrays, with guards around all that it may touch. */
import assert from "node:assert/strict";
import type { ChecksumKernel } from "../../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { type Memory, memoryOf } from "../../../core/memory.ts";
import { MergeKind } from "../../../core/offload/flow_packet.ts";
import { Merger } from "../../../core/offload/merge.ts";
import { Splitter } from "../../../core/offload/split.ts";
import { decodeGsoHeader, encodeGsoHeader, type GsoHeader } from "./reference.ts";

const GUARD = 0xa5;
const GUARD_SIZE = 32;
const HEADER_SIZE = 10;

/** A part of a memory that may be read and written. */
interface Region {
  start: number;
  end: number;
}

/**
 * A memory of which only some regions may be touched: other reads and writes throw, those of the checksum
 * kernel as well. Alignment is left odd on purpose.
 */
class GuardedMemory {
  readonly memory: Memory;
  readonly checksum: ChecksumKernel;
  readonly regions: Region[] = [];
  #end = 0;

  constructor(size: number) {
    const plain = memoryOf(new ArrayBuffer(size));
    plain.bytes.fill(GUARD);
    const inner = createNobleCrypto(plain).checksum;
    this.memory = { bytes: plain.bytes, view: this.#guardedView(plain.view) };
    this.checksum = {
      sum: (at, length) => {
        this.#demand(at, length);
        return inner.sum(at, length);
      },
      copyAndSum: (to, from, length) => {
        this.#demand(to, length);
        this.#demand(from, length);
        return inner.copyAndSum(to, from, length);
      },
    };
  }

  /** Reserves `size` bytes. */
  reserve(size: number): number {
    const start = this.#end + GUARD_SIZE + 1;
    this.#end = start + size;
    assert.ok(this.#end + GUARD_SIZE <= this.memory.bytes.length, "memory too small for the test");
    this.regions.push({ start, end: this.#end });
    return start;
  }

  /** Copies bytes in. */
  put(bytes: Uint8Array): number {
    const at = this.reserve(bytes.length);
    this.memory.bytes.set(bytes, at);
    return at;
  }

  /** A copy of `length` bytes at `at`. */
  get(at: number, length: number): Uint8Array {
    return this.memory.bytes.slice(at, at + length);
  }

  /** Throws unless all that lies between the regions is untouched. */
  check(): void {
    let at = 0;
    for (const { start, end } of [...this.regions, { start: this.#end + GUARD_SIZE, end: 0 }]) {
      for (; at < start; at++) {
        if (this.memory.bytes[at] !== GUARD) assert.fail(`byte ${at} was written`);
      }
      at = end;
    }
  }

  #demand(at: number, length: number): void {
    if (length === 0) return;
    const inside = this.regions.some(({ start, end }) => at >= start && at + length <= end);
    if (!inside) throw new RangeError(`${length} bytes at ${at} are out of bounds`);
  }

  #guardedView(view: DataView): DataView {
    const demand = (at: number, length: number) => this.#demand(at, length);
    return new Proxy(view, {
      get(target, name: keyof DataView) {
        const member = target[name];
        if (typeof member !== "function") return member;
        const size = Number(/\d+$/.exec(String(name))?.[0]) / 8;
        return (at: number, ...rest: unknown[]) => {
          demand(at, size);
          return Reflect.apply(member, target, [at, ...rest]);
        };
      },
    });
  }
}

/** What the splitter makes of a packet. */
export interface SplitResult {
  count: number;
  packets: Uint8Array[];
  /** The packet in its place, afterwards. */
  inPlace: Uint8Array;
}

/** Splits a packet, and checks that nothing else is touched and that the lengths agree. */
export function split(header: GsoHeader, bytes: Uint8Array): SplitResult {
  const guarded = new GuardedMemory(4 * 65536);
  const at = guarded.put(Uint8Array.from([...encodeGsoHeader(header), ...bytes])) + HEADER_SIZE;
  const splitter = new Splitter(guarded.memory, guarded.checksum);
  const count = splitter.begin(at - HEADER_SIZE, at, bytes.length);
  const packets: Uint8Array[] = [];
  for (let index = 0; count > 1 && index < count; index++) {
    const length = splitter.length(index);
    const to = guarded.reserve(length);
    assert.equal(splitter.write(index, to), length);
    packets.push(guarded.get(to, length));
  }
  guarded.check();
  return { count, packets, inPlace: guarded.get(at, bytes.length) };
}

/** A group as it would be written to the interface, and its packets when it is taken apart instead. */
export interface MergedGroup {
  header: GsoHeader;
  bytes: Uint8Array;
  pieces: number;
  apart: { header: GsoHeader; bytes: Uint8Array }[];
}

/** Merges packets; checks that nothing else is touched and that nothing is written before its time. */
export function merge(
  packets: Uint8Array[],
  kinds: number = MergeKind.ALL,
  capacity = packets.length,
): MergedGroup[] {
  const size = packets.reduce((sum, { length }) => sum + length + HEADER_SIZE + 2 * GUARD_SIZE, 0);
  const guarded = new GuardedMemory(size + 2 * GUARD_SIZE);
  const merger = new Merger(guarded.memory, guarded.checksum, capacity);
  merger.kinds = kinds;
  const places: number[] = [];
  for (const bytes of packets) {
    const at = guarded.reserve(HEADER_SIZE + bytes.length) + HEADER_SIZE;
    guarded.memory.bytes.set(bytes, at);
    places.push(at);
    assert.ok(merger.add(at, bytes.length));
  }
  for (const [i, bytes] of packets.entries()) {
    assert.deepEqual(guarded.get(places[i] ?? 0, bytes.length), bytes);
  }
  const groups: MergedGroup[] = [];
  for (let group = 0; group < merger.groups; group++) {
    const pieces = collect(guarded, merger, merger.begin(group));
    assert.equal(pieces.length, merger.count(group));
    const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
    const apart = collect(guarded, merger, merger.takeApart(group)).map(decode);
    groups.push({ ...decode(whole), pieces: pieces.length, apart });
  }
  guarded.check();
  return groups;
}

function collect({ memory }: GuardedMemory, merger: Merger, first: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = first; piece >= 0; piece = merger.next(piece)) {
    const at = merger.offset(piece);
    pieces.push(memory.bytes.slice(at, at + merger.length(piece)));
  }
  return pieces;
}

function decode(bytes: Uint8Array): { header: GsoHeader; bytes: Uint8Array } {
  return { header: decodeGsoHeader(bytes), bytes: bytes.slice(HEADER_SIZE) };
}
