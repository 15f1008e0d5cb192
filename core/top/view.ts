import type { TopAction } from "./keys.ts";
import type { Order } from "./model.ts";

/** What the person at the terminal chose to see. */
export class TopView {
  order: Order = "rate";
  /** Whether the keys are explained instead. */
  help = false;
  /** The first peer to show. */
  offset = 0;
  /** Peers for which there was room when it was last drawn. */
  page = 1;

  /** Does what a key asks for, as far as it is about the view. */
  act(action: TopAction): void {
    const wasHelp = this.help;
    this.help = action === "help" && !wasHelp;
    switch (action) {
      case "sort":
        this.order = this.order === "rate" ? "name" : "rate";
        break;
      case "up":
        this.offset--;
        break;
      case "down":
        this.offset++;
        break;
      case "page-up":
        this.offset -= this.page;
        break;
      case "page-down":
        this.offset += this.page;
        break;
      case "first":
        this.offset = 0;
        break;
      case "last":
        this.offset = Infinity;
        break;
    }
    this.offset = Math.max(0, this.offset);
  }

  /** Tells how many of `count` peers fit; keeps the last page full. */
  fit(count: number, page: number): void {
    this.page = Math.max(1, page);
    this.offset = Math.max(0, Math.min(this.offset, count - this.page));
  }
}
