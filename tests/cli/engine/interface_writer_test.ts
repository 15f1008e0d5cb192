import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { InterfaceWriter, TCP_KINDS, UDP_KINDS } from "../../../cli/engine/interface_writer.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import {
  GsoType,
  VIRTIO_NET_HEADER_SIZE,
  VirtioNetHeader,
} from "../../../core/offload/virtio_net_header.ts";
import { PacketQueue } from "../../../core/packet_queue.ts";
import type { Peer } from "../../../core/peer.ts";
import { Arena } from "../../../ffi/arena.ts";
import { Errno } from "../../../ffi/errno.ts";
import { IOVEC } from "../../../ffi/layout.ts";
import { packet } from "../../core/offload/packets.ts";
import { withReplaced } from "../../ffi/failing_call.ts";

const ALL_KINDS = TCP_KINDS | UDP_KINDS;
const PAYLOAD = 1000;
const NOBODY = null as unknown as Peer;

/** What one writev was given. */
interface Write {
  gsoType: number;
  pieces: number;
  packet: Uint8Array;
}

/** Writes `packets` to an interface that answers each writev by `answer`. Gives what it was offered. */
function write(
  packets: readonly Uint8Array[],
  answer: (write: Write) => number,
  { kinds = ALL_KINDS, rounds = 1 } = {},
) {
  const arena = new Arena(4 << 20);
  const { checksum } = createNobleCrypto(arena.memory);
  const writer = new InterfaceWriter(arena, { fd: -1 }, checksum);
  writer.kinds = kinds;
  const reported: unknown[] = [];
  writer.onMergedRefused = (...report) => reported.push(report);
  const queue = new PacketQueue(2000);
  const writes: Write[] = [];
  withReplaced("writev", (_real, _fd, iovecs, count) => {
    const bytes = gather(iovecs, count);
    const write = {
      gsoType: bytes[VirtioNetHeader.GSO_TYPE] ?? -1,
      pieces: count,
      packet: bytes.subarray(VIRTIO_NET_HEADER_SIZE),
    };
    writes.push(write);
    return answer(write);
  }, () => {
    for (let round = 0; round < rounds; round++) {
      for (const bytes of packets) {
        const offset = arena.reserve(16 + bytes.length) + 16;
        arena.memory.bytes.set(bytes, offset);
        queue.push(offset, bytes.length, NOBODY);
      }
      writer.write(queue);
      queue.clear();
    }
  });
  return { writer, writes, reported, accepted: () => writes.filter((w) => answer(w) >= 0) };
}

/** The bytes that `count` iovecs stand for. */
function gather(iovecs: Deno.PointerValue, count: number): Uint8Array {
  assert(iovecs !== null);
  const view = new Deno.UnsafePointerView(iovecs);
  const parts = Array.from({ length: count }, (_, i) => {
    const address = view.getBigUint64(i * IOVEC.SIZE + IOVEC.BASE);
    const length = Number(view.getBigUint64(i * IOVEC.SIZE + IOVEC.LENGTH));
    const pointer = Deno.UnsafePointer.create(address);
    assert(pointer !== null);
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length).slice(0));
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** `count` packets of one flow that may be merged. */
function flow(count: number, protocol: "tcp" | "udp", version: 4 | 6 = 4): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    packet({
      version,
      protocol,
      id: 100 + i,
      sequence: 1000 + i * PAYLOAD,
      payload: new Uint8Array(PAYLOAD).fill(i + 1),
    }));
}

const takesAll = () => 0;
const refusesMerged = (error: number) => ({ pieces }: Write) => pieces > 1 ? -error : 0;

Deno.test("packets of a flow are written at once, a single packet as it is", () => {
  const { writes, writer } = write(flow(40, "tcp"), takesAll);
  assert.deepEqual(writes.map(({ pieces, gsoType }) => [pieces, gsoType]), [[40, GsoType.TCP4]]);
  assert.equal(writer.refused, 0);

  const [alone] = flow(1, "udp", 6);
  assert(alone);
  const single = write([alone], takesAll);
  assert.deepEqual(single.writes, [{ pieces: 1, gsoType: GsoType.NONE, packet: alone }]);
});

Deno.test("without any kind to merge, each packet is written as it is", () => {
  const packets = flow(10, "tcp");
  const { writes } = write(packets, takesAll, { kinds: 0 });
  assert.deepEqual(writes.map(({ packet }) => packet), packets);
});

Deno.test("more packets than are looked at together all arrive", () => {
  const packets = flow(1, "udp").flatMap((one) => Array.from({ length: 1500 }, () => one));
  const { writes } = write(packets, takesAll);
  const count = writes.reduce((sum, { pieces }) => sum + pieces, 0);
  assert.equal(count, 1500);
});

for (
  const [protocol, version, kinds] of [
    ["tcp", 4, TCP_KINDS],
    ["tcp", 6, TCP_KINDS],
    ["udp", 4, UDP_KINDS],
    ["udp", 6, UDP_KINDS],
  ] as const
) {
  Deno.test(`an interface that refuses merged packets gets them one by one: ${protocol}${version}`, () => {
    const packets = flow(10, protocol, version);
    const run = write(packets, refusesMerged(Errno.EINVAL), { rounds: 5 });
    const accepted = run.accepted().map(({ packet }) => packet);
    assert.deepEqual(accepted, Array(5).fill(packets).flat(), "as they came");
    assert.equal(run.writes.filter(({ pieces }) => pieces > 1).length, 3, "not tried for ever");
    assert.deepEqual(run.reported, [[kinds, Errno.EINVAL]]);
    assert.equal(run.writer.kinds, ALL_KINDS & ~kinds);
    assert.equal(run.writer.refused, 0);
  });
}

Deno.test("merging goes on when the interface refuses merged packets now and then", () => {
  const packets = flow(10, "udp");
  let merged = 0;
  const run = write(packets, ({ pieces }) => pieces > 1 && ++merged % 3 !== 0 ? -Errno.EINVAL : 0, {
    rounds: 12,
  });
  assert.equal(merged, 12);
  assert.deepEqual(run.reported, []);
  assert.equal(run.writer.kinds, ALL_KINDS);
  assert.equal(run.writer.refused, 0);
});

Deno.test("merging goes on after other errors, and nothing is lost", () => {
  const packets = flow(10, "tcp");
  const run = write(packets, refusesMerged(Errno.ENOMEM), { rounds: 2 });
  assert.deepEqual(run.accepted().map(({ packet }) => packet), [...packets, ...packets]);
  assert.deepEqual(run.reported, []);
  assert.equal(run.writer.kinds, ALL_KINDS);
  assert.equal(run.writer.refused, 0);
});

Deno.test("an interface that refuses single packets too tells nothing about merged ones", () => {
  const run = write(flow(10, "tcp"), () => -Errno.EINVAL);
  assert.deepEqual(run.reported, []);
  assert.equal(run.writer.kinds, ALL_KINDS);
  assert.equal(run.writer.refused, 10);
});

Deno.test("an interface that is down or gone isn't tried packet by packet", () => {
  for (const error of [Errno.EIO, Errno.EBADFD]) {
    const run = write(flow(10, "tcp"), () => -error);
    assert.equal(run.writes.length, 1);
    assert.equal(run.writer.refused, 10);
    assert.equal(run.writer.gone, error === Errno.EBADFD);
  }
});
