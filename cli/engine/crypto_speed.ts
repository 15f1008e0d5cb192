import type { TransportAead } from "../../core/crypto/crypto.ts";
import { SELF_TEST_SIZE } from "../../core/crypto/self_test.ts";
import type { Memory } from "../../core/memory.ts";

/** Bytes of memory that {@linkcode measureTransport} uses, 16-byte aligned. */
export const SPEED_TEST_SIZE = SELF_TEST_SIZE;

/** Bytes of plaintext of a packet of the default MTU. */
const LENGTH = 1420;
const SLOT = 1456;
const BATCH = 12;
const DESCRIPTOR_SIZE = 16;
const KEY_OFFSET = BATCH * DESCRIPTOR_SIZE;
const MESSAGES_OFFSET = KEY_OFFSET + 64;

/**
 * So many rounds, sealing and opening, and WebAssembly has been compiled by the optimising compiler;
 * before, it takes four times as long.
 */
const WARM_UP_ROUNDS = 70;
/** Code is warm when so many rounds in turn didn't get faster. */
const STEADY_ROUNDS = 30;
/** When to stop at the latest. */
const LIMIT_MS = 12;

/**
 * Nanoseconds that `aead` takes to seal or to open one packet of 1420 bytes, on the average of both, in
 * batches. Takes {@linkcode LIMIT_MS} at most, until the code is warm. `region` is the offset of
 * {@linkcode SPEED_TEST_SIZE} bytes of `memory`.
 */
export function measureTransport(aead: TransportAead, memory: Memory, region: number): number {
  const start = performance.now();
  describeMessages(memory, region);
  let best = Infinity;
  let steady = 0;
  for (let round = 0; round < WARM_UP_ROUNDS || steady < STEADY_ROUNDS; round++) {
    const before = performance.now();
    aead.sealBatch(region, BATCH);
    aead.openBatch(region, BATCH);
    const after = performance.now();
    steady = after - before < best ? 0 : steady + 1;
    best = Math.min(best, after - before);
    if (after - start > LIMIT_MS) break;
  }
  memory.bytes.fill(0, region, region + SPEED_TEST_SIZE);
  return best * 1e6 / (2 * BATCH);
}

function describeMessages({ view }: Memory, region: number): void {
  for (let i = 0; i < BATCH; i++) {
    const descriptor = region + i * DESCRIPTOR_SIZE;
    view.setUint32(descriptor, region + KEY_OFFSET, true);
    view.setUint32(descriptor + 4, region + MESSAGES_OFFSET + i * SLOT, true);
    view.setUint32(descriptor + 8, LENGTH, true);
  }
}
