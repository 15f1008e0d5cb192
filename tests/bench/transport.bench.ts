/**
 * The AEAD of transport data by each implementation that this machine runs, noble being the baseline. An
 * iteration is a batch of {@linkcode BATCH} messages; an empty batch is what the call itself costs.
 *
 * V8 calls native code in the fastest way only from where nothing else is called: for the last few
 * nanoseconds of the native code, see native.bench.ts.
 */
import { Arena } from "../../ffi/arena.ts";
import { loadCryptos } from "./cryptos.ts";

const BATCH = 64;
const SLOT = 2048;

const arena = new Arena(2 << 20);
const { bytes, view } = arena.memory;
const key = arena.reserve(32);
const list = arena.reserve(16 * BATCH);
/** What is sealed, and what was sealed and is put back before each time it is opened. */
const plain = arena.reserve(SLOT * BATCH), sealed = arena.reserve(SLOT * BATCH);
globalThis.crypto.getRandomValues(new Uint8Array(arena.wasmMemory.buffer, key, 32));

function describe(messages: number, length: number): void {
  for (let i = 0; i < BATCH; i++) {
    view.setUint32(list + 16 * i, key, true);
    view.setUint32(list + 16 * i + 4, messages + SLOT * i, true);
    view.setUint32(list + 16 * i + 8, length, true);
    view.setUint32(messages + SLOT * i + 8, i, true);
  }
}

for (const { name, transport } of await loadCryptos(arena)) {
  const baseline = name === "noble";
  for (const length of [64, 512, 1420]) {
    const group = `${BATCH} messages of ${length} B`;
    Deno.bench({
      name: `sealing ${group}: ${name}`,
      group: `sealing ${group}`,
      baseline,
      fn() {
        describe(plain, length);
        transport.sealBatch(list, BATCH);
      },
    });
    Deno.bench({
      name: `opening ${group}: ${name}`,
      group: `opening ${group}`,
      baseline,
      fn(bench) {
        bytes.fill(1, sealed, sealed + SLOT * BATCH);
        describe(sealed, length);
        transport.sealBatch(list, BATCH);
        bench.start();
        transport.openBatch(list, BATCH);
        bench.end();
        for (let i = 0; i < BATCH; i++) {
          if (view.getUint32(list + 16 * i + 12, true) !== 1) throw new Error("a forgery");
        }
      },
    });
  }
  Deno.bench({
    name: `an empty batch: ${name}`,
    group: "an empty batch",
    baseline,
    fn: () => transport.sealBatch(list, 0),
  });
}
