/** What happens to the messages of a batch that other threads have taken a part of. */
import assert from "node:assert/strict";
import { KEY_SIZE, TAG_SIZE, TRANSPORT_HEADER_SIZE } from "../../../core/crypto/crypto.ts";
import type { TransportAead } from "../../../core/crypto/crypto.ts";
import {
  DESCRIPTOR_SIZE,
  OPEN,
  POOL_TUNING,
  PooledTransportAead,
  type PoolThreads,
  type PoolTuning,
  SEAL,
} from "../../../core/crypto/pooled_transport_aead.ts";
import {
  type AtomicOperations,
  SHARED_BATCH_WORDS,
  SharedBatchHelper,
  SharedBatchOwner,
} from "../../../core/crypto/shared_batch.ts";
import { createWasmCrypto } from "../../../core/crypto/wasm.ts";
import { type Memory, memoryOf } from "../../../core/memory.ts";
import { Bytes } from "./bytes.ts";

const KEY = 64;
const LIST = 1024;
const MESSAGES = 65536;
const LENGTH = 1000;
const SLOT = TRANSPORT_HEADER_SIZE + LENGTH + TAG_SIZE;
const COUNT = 40;

/** A pool of this thread and one helper, which this thread plays too, between two of its own chunks. */
class Pool {
  readonly words = new Int32Array(new SharedArrayBuffer(SHARED_BATCH_WORDS * 4));
  readonly memory: Memory;
  readonly backend: TransportAead;
  readonly helper: SharedBatchHelper;
  readonly aead: PooledTransportAead;
  /** What the helper does when the owner has done its first chunk. */
  play: (helper: SharedBatchHelper, backend: TransportAead) => void = () => {};
  /** Messages that the owner itself has computed, and in how many calls. */
  own = 0;
  calls = 0;
  /** Messages that nobody has computed, as the pool tells. */
  lost = 0;
  /** What the owner wakes by. */
  notify: typeof Atomics.notify = Atomics.notify;
  gone = false;

  constructor(tuning: Partial<PoolTuning> = {}) {
    const { words } = this;
    this.helper = new SharedBatchHelper(words, 0, 1);
    const wasmMemory = new WebAssembly.Memory({ initial: 3, maximum: 3 });
    this.memory = memoryOf(wasmMemory.buffer);
    const backend = this.backend = createWasmCrypto(wasmMemory, 16_384).transport;
    const compute = (list: number, count: number, operation: "sealBatch" | "openBatch") => {
      backend[operation](list, count);
      if (this.own === 0) this.play(this.helper, backend);
      this.own += count;
      this.calls++;
    };
    const own: TransportAead = {
      seal: (key, message, length) => backend.seal(key, message, length),
      open: (key, message, length) => backend.open(key, message, length),
      sealBatch: (list, count) => compute(list, count, "sealBatch"),
      openBatch: (list, count) => compute(list, count, "openBatch"),
    };
    const { load, store, add, sub, compareExchange, wait } = Atomics;
    const notify = (words: Int32Array, at: number, count: number) => this.notify(words, at, count);
    const atomics = { load, store, add, sub, compareExchange, wait, notify };
    const owner = new SharedBatchOwner(words, 1, atomics as unknown as AtomicOperations);
    const threads: PoolThreads = {
      count: 2,
      isGone: () => this.gone,
      lost: (messages) => this.lost += messages,
    };
    const settings = { ...POOL_TUNING, waitMs: 1, ...tuning };
    this.aead = new PooledTransportAead(own, this.memory, owner, threads, settings);
    const { memory } = this;
    const random = new Bytes(1);
    memory.bytes.set(random.take(KEY_SIZE), KEY);
    for (let at = 0; at < COUNT; at++) {
      memory.bytes.set(random.take(SLOT), this.message(at));
      const descriptor = LIST + at * DESCRIPTOR_SIZE;
      [KEY, this.message(at), LENGTH, 7].forEach((value, i) =>
        memory.view.setUint32(descriptor + 4 * i, value, true)
      );
    }
  }

  message(at: number): number {
    return MESSAGES + at * SLOT;
  }

  /** The bytes of message `at` behind its header. */
  body(at: number): Uint8Array {
    const start = this.message(at) + TRANSPORT_HEADER_SIZE;
    return this.memory.bytes.subarray(start, start + LENGTH + TAG_SIZE);
  }

  result(at: number): number {
    return this.memory.view.getUint32(LIST + at * DESCRIPTOR_SIZE + 12, true);
  }
}

/** The bodies of all messages, sealed by one thread. */
function sealedAlone(): Uint8Array[] {
  const pool = new Pool();
  pool.backend.sealBatch(LIST, COUNT);
  return Array.from({ length: COUNT }, (_, at) => pool.body(at));
}

Deno.test("pooled AEAD: a helper's part and the owner's give what one thread gives", () => {
  const expected = sealedAlone();
  const pool = new Pool();
  let helped = 0;
  const play = (operation: number) => (helper: SharedBatchHelper, backend: TransportAead) => {
    assert(helper.look());
    assert.equal(helper.operation, operation);
    for (let chunks = 0; chunks < 3; chunks++) {
      const chunk = helper.claim();
      assert(chunk >= 0);
      const list = helper.list + helper.first * DESCRIPTOR_SIZE;
      if (operation === SEAL) backend.sealBatch(list, helper.count);
      else backend.openBatch(list, helper.count);
      helped += helper.count;
      helper.finish(chunk);
    }
  };

  pool.play = play(SEAL);
  pool.aead.sealBatch(LIST, COUNT);
  expected.forEach((body, at) => assert.deepEqual(pool.body(at), body, `message ${at}`));
  assert(helped > 0);
  assert.equal(helped + pool.own, COUNT);

  pool.own = 0;
  pool.play = play(OPEN);
  pool.aead.openBatch(LIST, COUNT);
  for (let at = 0; at < COUNT; at++) assert.equal(pool.result(at), 1);
});

Deno.test("pooled AEAD: small batches and single messages stay on the thread", () => {
  const pool = new Pool();
  pool.play = (helper) => {
    helper.look();
    assert.equal(helper.claim(), -1);
  };
  const { view } = pool.memory;
  pool.aead.sealBatch(LIST, POOL_TUNING.minMessages - 1);
  assert.equal(pool.own, POOL_TUNING.minMessages - 1);
  for (let at = 0; at < COUNT; at++) view.setUint32(LIST + at * DESCRIPTOR_SIZE + 8, 32, true);
  pool.own = 0;
  pool.aead.sealBatch(LIST, COUNT);
  assert.equal(pool.own, COUNT);
  pool.aead.openBatch(LIST, COUNT);
  assert.equal(pool.result(COUNT - 1), 1);
  pool.aead.seal(KEY, pool.message(0), 32);
  assert.equal(pool.aead.open(KEY, pool.message(0), 32), true);
});

Deno.test("pooled AEAD: while all helpers sleep, only a batch that is worth waking them is shared", () => {
  const small = new Pool();
  whileAsleep(small, () => small.aead.sealBatch(LIST, COUNT));
  assert.equal(small.calls, 1);
  assert.equal(small.own, COUNT);

  const large = new Pool({ wakeBytes: COUNT * LENGTH });
  const woken = whileAsleep(large, () => large.aead.sealBatch(LIST, COUNT));
  assert(large.calls > 1);
  assert.equal(large.own, COUNT);
  assert.equal(woken, 1);
});

/** Does something while the helper sleeps. Returns how many helpers were to be woken up. */
function whileAsleep(pool: Pool, run: () => void): number {
  let woken = 0;
  pool.notify = (_words: unknown, _at: number, count = 0) => woken += count;
  const { load, store, add, sub, compareExchange, notify } = Atomics;
  const wait = () => (run(), "ok");
  const atomics = { load, store, add, sub, compareExchange, notify, wait };
  const helper = new SharedBatchHelper(pool.words, 0, 1, atomics as unknown as AtomicOperations);
  helper.look();
  helper.sleep();
  return woken;
}

Deno.test("pooled AEAD: nothing of messages goes out that a helper failed to seal", () => {
  const expected = sealedAlone();
  const pool = new Pool();
  let first = 0, count = 0;
  pool.play = (helper) => {
    helper.look();
    const chunk = helper.claim();
    ({ first, count } = helper);
    helper.fail(chunk);
  };
  pool.aead.sealBatch(LIST, COUNT);
  assert(count > 0);
  for (const [at, body] of expected.entries()) {
    if (at < first || at >= first + count) assert.deepEqual(pool.body(at), body);
    else assert(pool.body(at).every((byte) => byte === 0), `message ${at}`);
  }
  assert.equal(pool.lost, count);
});

Deno.test("pooled AEAD: messages that a helper failed to open are not authentic", () => {
  const pool = new Pool();
  pool.backend.sealBatch(LIST, COUNT);
  let first = 0, count = 0;
  pool.play = (helper) => {
    helper.look();
    const chunk = helper.claim();
    ({ first, count } = helper);
    helper.fail(chunk);
  };
  pool.aead.openBatch(LIST, COUNT);
  assert(count > 0);
  for (let at = 0; at < COUNT; at++) {
    assert.equal(pool.result(at), at < first || at >= first + count ? 1 : 0);
  }
});

Deno.test("pooled AEAD: a helper that has ended is not waited for", () => {
  const pool = new Pool();
  let taken = 0;
  pool.play = (helper) => {
    helper.look();
    helper.claim();
    taken = helper.count;
    pool.gone = true;
  };
  pool.backend.sealBatch(LIST, COUNT);
  pool.aead.openBatch(LIST, COUNT);
  const results = Array.from({ length: COUNT }, (_, at) => pool.result(at));
  assert.equal(results.filter((result) => result === 0).length, taken);
  assert.equal(pool.lost, taken);
  assert.equal(results.filter((result) => result === 1).length, COUNT - taken);
  // It goes on without it.
  pool.own = 1;
  pool.aead.sealBatch(LIST, COUNT);
  assert.equal(pool.own, 1 + COUNT);
});

Deno.test("pooled AEAD: the memory that a stuck helper may write to is never used again", () => {
  const pool = new Pool({ maxWaits: 3 });
  pool.play = (helper) => {
    helper.look();
    helper.claim();
  };
  assert.throws(() => pool.aead.sealBatch(LIST, COUNT), /A crypto thread has stopped working/);
});
