import assert from "node:assert/strict";
import { DatagramQueue } from "../../core/datagram_queue.ts";
import { HandshakeQueue, MAX_QUEUED_HANDSHAKES } from "../../core/handshake_queue.ts";
import { memoryOf } from "../../core/memory.ts";
import { PacketQueue } from "../../core/packet_queue.ts";
import { pair, udpEndpoint } from "./sim.ts";

Deno.test("datagram queue: keeps all fields, in order, up to its capacity", () => {
  const { a, b } = pair();
  const peer = a.peer(b);
  const queue = new DatagramQueue(2);
  const [x, y] = [udpEndpoint([192, 0, 2, 1], 1), udpEndpoint([192, 0, 2, 2], 2)];
  assert.ok(queue.push(16, 148, x, peer));
  assert.ok(queue.push(0x7ffffff0, 65507, y, null));
  assert.ok(queue.full);
  assert.equal(queue.push(1, 1, x, null), false);
  assert.equal(queue.count, 2);
  assert.deepEqual([queue.offset(0), queue.length(0)], [16, 148]);
  assert.deepEqual([queue.offset(1), queue.length(1)], [0x7ffffff0, 65507]);
  assert.ok(queue.endpoint(0) === x && queue.peer(0) === peer);
  assert.ok(queue.endpoint(1) === y && queue.peer(1) === null);
  queue.clear();
  assert.equal(queue.count, 0);
  assert.ok(queue.push(1, 1, x, null));
});

Deno.test("packet queue: keeps all fields, in order, up to its capacity", () => {
  const { a, b } = pair();
  const queue = new PacketQueue(1);
  assert.ok(queue.push(32, 84, a.peer(b)));
  assert.equal(queue.push(64, 84, a.peer(b)), false);
  assert.deepEqual([queue.offset(0), queue.length(0)], [32, 84]);
  assert.ok(queue.peer(0) === a.peer(b));
  queue.clear();
  assert.equal(queue.count, 0);
});

Deno.test("handshake queue: a bounded ring of copies", () => {
  const memory = memoryOf(new ArrayBuffer(256));
  const queue = new HandshakeQueue();
  const source = udpEndpoint([192, 0, 2, 1], 1);
  assert.equal(queue.firstSource(), null);
  let pushed = 0, shifted = 0;
  const push = () => {
    memory.view.setUint32(8, pushed++);
    return queue.push(memory, 8, 64 + pushed % 2 * 84, source);
  };
  const shift = () => {
    const message = queue.firstMessage();
    const id = shifted++;
    assert.equal(message.length, 64 + (id + 1) % 2 * 84);
    assert.equal(new DataView(message.buffer, message.byteOffset).getUint32(0), id);
    assert.equal(queue.firstSource(), source);
    queue.shift();
  };
  for (let i = 0; i < 1000; i++) assert.ok(push());
  for (let i = 0; i < 900; i++) shift();
  while (queue.count < MAX_QUEUED_HANDSHAKES) assert.ok(push());
  assert.equal(push(), false);
  pushed--;
  while (queue.count > 0) shift();
  assert.equal(shifted, pushed);
  queue.shift();
  assert.equal(queue.count, 0);
  push();
  queue.clear();
  assert.equal(queue.firstSource(), null);
});
