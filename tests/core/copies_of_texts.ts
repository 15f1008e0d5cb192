import { TextBuffer } from "../../core/text_buffer.ts";

/** Keeps all copies that are made of texts while this lives, to see whether they are wiped. */
export class CopiesOfTexts implements Disposable {
  readonly all: Uint8Array[] = [];
  readonly #toBytes = TextBuffer.prototype.toBytes;

  constructor() {
    const { all } = this, toBytes = this.#toBytes;
    TextBuffer.prototype.toBytes = function (this: TextBuffer) {
      const copy = toBytes.call(this);
      all.push(copy);
      return copy;
    };
  }

  [Symbol.dispose](): void {
    TextBuffer.prototype.toBytes = this.#toBytes;
  }
}
