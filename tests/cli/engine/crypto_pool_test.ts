/** The crypto threads themselves. */
import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { CryptoPool } from "../../../cli/engine/crypto_pool.ts";
import { createTransport, TRANSPORT_SCRATCH_SIZE } from "../../../cli/engine/transport_by_name.ts";
import { POOL_TUNING, type PoolTuning } from "../../../core/crypto/pooled_transport_aead.ts";
import type { Crypto, TransportAead } from "../../../core/crypto/crypto.ts";
import { KEY_SIZE, TAG_SIZE, TRANSPORT_HEADER_SIZE } from "../../../core/crypto/crypto.ts";
import { Arena } from "../../../ffi/arena.ts";
import { createNativeTransport } from "../../../ffi/native_crypto.ts";
import { Bytes } from "../../core/crypto/bytes.ts";

const KEYS = 16;
const MESSAGES_SIZE = 1 << 20;
const MAX_COUNT = 1000;
/** Even a few bytes are shared, and wake everybody up. */
const EAGER: PoolTuning = {
  ...POOL_TUNING,
  minMessages: 1,
  minBytes: 0,
  wakeBytes: 0,
  minChunk: 1,
};
/** The native one is loaded already here, because a test may not leave a library behind. */
const BACKENDS = createNativeTransport(new Arena(65536)) ? ["wasm", "native"] : ["wasm"];

/** A batch of messages, one right behind the other, as the kernel delivers them. */
class Batch {
  readonly arena: Arena;
  readonly list: number;
  readonly messages: number;
  readonly #keys: number;
  count = 0;
  end = 0;

  constructor(pool: CryptoPool | null) {
    const size = MESSAGES_SIZE + 65536 + TRANSPORT_SCRATCH_SIZE;
    this.arena = new Arena(size + (pool?.size ?? 0), { shared: pool !== null });
    this.#keys = this.arena.reserve(KEYS * KEY_SIZE);
    this.list = this.arena.reserve(MAX_COUNT * 16);
    this.messages = this.arena.reserve(MESSAGES_SIZE);
  }

  /** Fills it with messages of random contents and lengths, which depend on the seed only. */
  fill(seed: number, count?: number): void {
    const random = new Bytes(seed);
    const { bytes, view } = this.arena.memory;
    bytes.set(random.take(KEYS * KEY_SIZE), this.#keys);
    const most = [4, 40, 200, MAX_COUNT][random.below(4)] ?? 1;
    this.count = count ?? 1 + random.below(most);
    const longest = [1, 100, 1000][random.below(3)] ?? 1;
    let at = this.messages;
    for (let message = 0; message < this.count; message++) {
      const length = random.below(longest);
      const key = this.#keys + random.below(KEYS) * KEY_SIZE;
      [key, at, length, 7].forEach((value, i) =>
        view.setUint32(this.list + message * 16 + 4 * i, value, true)
      );
      at += TRANSPORT_HEADER_SIZE + length + TAG_SIZE;
    }
    this.end = at;
    bytes.set(random.take(at - this.messages), this.messages);
  }

  /** Changes one byte of every seventh message. */
  spoil(): void {
    const { bytes, view } = this.arena.memory;
    for (let message = 0; message < this.count; message += 7) {
      const at = view.getUint32(this.list + message * 16 + 4, true) + 8 + message % 24;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
    }
  }

  results(): number[] {
    return Array.from(
      { length: this.count },
      (_, message) => this.arena.memory.view.getUint32(this.list + message * 16 + 12, true),
    );
  }

  /** All messages. Those that weren't authentic are undefined, so they are left out. */
  contents(results: number[] = []): Uint8Array {
    const { bytes, view } = this.arena.memory;
    const contents = bytes.slice(this.messages, this.end);
    results.forEach((result, message) => {
      if (result !== 0) return;
      const start = view.getUint32(this.list + message * 16 + 4, true) - this.messages + 16;
      contents.fill(0, start, start + view.getUint32(this.list + message * 16 + 8, true));
    });
    return contents;
  }
}

function cryptoOf(backend: string, arena: Arena): Crypto {
  const transport = createTransport(backend, arena);
  assert(transport);
  const none = null as unknown;
  return {
    name: backend,
    transport,
    handshake: none as Crypto["handshake"],
    checksum: none as Crypto["checksum"],
  };
}

/** Until the helpers, who come up by themselves, take part; `what` a batch does. */
function waitForHelpers(run: () => void, own: () => number, all: number): void {
  const end = performance.now() + 120_000;
  for (let before = own();; before = own()) {
    run();
    if (own() - before < all) return;
    if (performance.now() > end) throw new Error("no helper ever took part");
  }
}

/** Counts the messages that the calling thread computes. */
function counted(transport: TransportAead, count: (messages: number) => void): TransportAead {
  return {
    seal: (...args) => transport.seal(...args),
    open: (...args) => transport.open(...args),
    sealBatch(list, messages) {
      count(messages);
      transport.sealBatch(list, messages);
    },
    openBatch(list, messages) {
      count(messages);
      transport.openBatch(list, messages);
    },
  };
}

for (const backend of BACKENDS) {
  for (const threads of [1, 2, 3, 4]) {
    Deno.test(`${backend}, ${threads} threads: batches come out as from one thread`, async () => {
      const pool = await CryptoPool.start(threads);
      try {
        assert.equal(pool.threads, threads);
        const alone = new Batch(null);
        const { transport: reference } = cryptoOf(backend, alone.arena);
        const shared = new Batch(pool);
        const crypto = cryptoOf(backend, shared.arena);
        let own = 0, all = 0;
        const transport = pool.share(
          { ...crypto, transport: counted(crypto.transport, (messages) => own += messages) },
          shared.arena,
          () => {},
          EAGER,
        ).transport;

        const compare = (seed: number) => {
          alone.fill(seed);
          shared.fill(seed);
          reference.sealBatch(alone.list, alone.count);
          transport.sealBatch(shared.list, shared.count);
          assert.deepEqual(shared.contents(), alone.contents(), `seal, seed ${seed}`);
          alone.spoil();
          shared.spoil();
          reference.openBatch(alone.list, alone.count);
          transport.openBatch(shared.list, shared.count);
          const results = alone.results();
          assert(results.includes(0));
          assert.deepEqual(shared.results(), results);
          assert.deepEqual(
            shared.contents(results),
            alone.contents(results),
            `open, seed ${seed}`,
          );
          all += 2 * shared.count;
        };
        for (let seed = 0; seed < 150; seed++) compare(seed);
        if (threads === 1) assert.equal(own, all);
        else {
          shared.fill(1, MAX_COUNT);
          waitForHelpers(() => transport.sealBatch(shared.list, MAX_COUNT), () => own, MAX_COUNT);
        }
      } finally {
        pool.stop();
      }
    });
  }
}

for (const [fate, lasts] of [["fails", false], ["ends", false], ["hangs", true]] as const) {
  Deno.test(`a crypto thread that ${fate} with a part of a batch in its hands`, async () => {
    const script = new URL("./doomed_worker.ts", import.meta.url);
    script.hash = fate;
    const pool = await CryptoPool.start(2, script);
    try {
      assert.equal(pool.threads, 2);
      const batch = new Batch(pool);
      const crypto = cryptoOf("wasm", batch.arena);
      let told = 0;
      const { transport } = pool.share(crypto, batch.arena, (n) => told += n, EAGER);

      const end = performance.now() + 120_000;
      const run = () => {
        batch.fill(1, 200);
        crypto.transport.sealBatch(batch.list, batch.count);
        transport.openBatch(batch.list, batch.count);
        if (performance.now() > end) throw new Error("the helper never took part");
        return batch.results().filter((result) => result === 0).length;
      };
      let lost = 0;
      // A thread that hangs, and goes on after a while, loses nothing.
      const isOver = () => lasts ? batch.arena.memory.bytes[1] === 1 : lost > 0;
      while (!isOver()) lost = run();
      assert(lasts ? lost === 0 : lost < batch.count);
      assert.equal(told, lost);
      for (let i = 0; i < 10; i++) assert.equal(run(), 0);
    } finally {
      pool.stop();
    }
  });
}

Deno.test("threads that don't come up are done without", async () => {
  const pool = await CryptoPool.start(3, new URL("./no_such_worker.ts", import.meta.url));
  assert.equal(pool.threads, 1);
  const arena = new Arena(65536);
  const crypto = cryptoOf("wasm", arena);
  assert.equal(pool.share(crypto, arena, () => {}), crypto);
  pool.stop();
});

Deno.test("the reference implementation stays on one thread", async () => {
  const pool = await CryptoPool.start(2);
  try {
    const arena = new Arena(65536 + pool.size, { shared: true });
    const crypto = { ...cryptoOf("wasm", arena), name: "noble" };
    assert.equal(pool.share(crypto, arena, () => {}), crypto);
  } finally {
    pool.stop();
  }
});
