/**
 * What a crypto thread runs: it takes shares of the engine's AEAD batches until the engine stops it. It
 * does no I/O; its memory is the engine's arena.
 */
import { DESCRIPTOR_SIZE, OPEN } from "../../core/crypto/pooled_transport_aead.ts";
import { help, SharedBatchHelper } from "../../core/crypto/shared_batch.ts";
import { Arena } from "../../ffi/arena.ts";
import { setCapabilities } from "../../ffi/capabilities.ts";
import type { HelperReady, HelperTask } from "./crypto_pool.ts";
import { createTransport } from "./transport_by_name.ts";

/** What this file uses of the global scope of a dedicated worker. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<HelperTask>) => void) | null;
  postMessage(message: HelperReady): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;

/** Between two looks at the clock. */
const LOOKS = 32;

scope.onmessage = ({ data }) => {
  try {
    serve(data);
  } catch {
    // Its chunk is marked as failed; the engine goes on without this thread.
  }
  scope.close();
};

function serve({ memory, words, helper, helpers, backend, scratch, spin }: HelperTask): void {
  const arena = Arena.partOf(memory, scratch.offset, scratch.length);
  const transport = createTransport(backend, arena);
  if (transport === null) return;
  const compute = (operation: number, list: number, first: number, count: number) => {
    const at = list + first * DESCRIPTOR_SIZE;
    if (operation === OPEN) transport.openBatch(at, count);
    else transport.sealBatch(at, count);
  };
  const awaitNews = (helper: SharedBatchHelper) => {
    const end = performance.now() + spin;
    do {
      for (let looks = 0; looks < LOOKS; looks++) {
        if (helper.hasNews) return true;
      }
    } while (performance.now() < end);
    return false;
  };
  const control = new Int32Array(memory.buffer, words.offset, words.length / 4);
  help(new SharedBatchHelper(control, helper, helpers), compute, awaitNews);
}

// It makes no system call that needs a capability.
setCapabilities({ effective: 0n, permitted: 0n, inheritable: 0n });
scope.postMessage({ thread: Number(/\d+$/.exec(Deno.readLinkSync("/proc/thread-self"))?.[0]) });
