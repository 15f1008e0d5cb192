/** A crypto thread that takes a part of one batch and comes to grief, as the URL's hash says. */
import type { HelperReady, HelperTask } from "../../../cli/engine/crypto_pool.ts";
import { SharedBatchHelper } from "../../../core/crypto/shared_batch.ts";
import { createWasmCrypto } from "../../../core/crypto/wasm.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<HelperTask>) => void;
  postMessage(message: HelperReady): void;
  close(): void;
};

/** Longer than the owner sleeps at a time. */
const HANG_MS = 300;

scope.onmessage = ({ data: { memory, words, helper, helpers, scratch } }) => {
  const { transport } = createWasmCrypto(memory, scratch.offset);
  const control = new Int32Array(memory.buffer, words.offset, words.length / 4);
  const shared = new SharedBatchHelper(control, helper, helpers);
  let chunk = -1;
  while (chunk < 0) {
    shared.look();
    chunk = shared.claim();
  }
  switch (location.hash) {
    case "#fails":
      shared.fail(chunk);
      break;
    case "#hangs":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HANG_MS);
      transport.openBatch(shared.list + shared.first * 16, shared.count);
      // The first bytes of an arena are nobody's.
      new Uint8Array(memory.buffer)[1] = 1;
      shared.finish(chunk);
  }
  scope.close();
};
scope.postMessage({ thread: Number(/\d+$/.exec(Deno.readLinkSync("/proc/thread-self"))?.[0]) });
