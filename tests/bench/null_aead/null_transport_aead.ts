import type { TransportAead } from "../../../core/crypto/crypto.ts";
import type { Memory } from "../../../core/memory.ts";

/** Bytes of a descriptor of a batch, and where its result is. */
const DESCRIPTOR_SIZE = 16;
const RESULT_OFFSET = 12;

/** Leaves the packets as they are, with 16 bytes of anything as their tag, and finds all authentic. */
export class NullTransportAead implements TransportAead {
  readonly #view: DataView;

  constructor(memory: Memory) {
    this.#view = memory.view;
  }

  seal(): void {}

  open(): boolean {
    return true;
  }

  sealBatch(): void {}

  openBatch(list: number, count: number): void {
    for (let at = 0; at < count; at++) {
      this.#view.setUint32(list + at * DESCRIPTOR_SIZE + RESULT_OFFSET, 1, true);
    }
  }
}
