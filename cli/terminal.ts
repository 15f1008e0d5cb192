import { SIGTTOU } from "../ffi/layout.ts";
import { blockSignals, setBlockedSignals } from "../ffi/signal.ts";
import { stopUntilContinued } from "./job_control.ts";
import { writeStdout } from "./output.ts";

/** A screen of its own, text that isn't wrapped, no cursor: private modes of xterm's control sequences. */
const ENTER = "\x1b[?1049h\x1b[?7l\x1b[?25l";
const LEAVE = "\x1b[0m\x1b[?25h\x1b[?7h\x1b[?1049l";
/** Between these, terminals that know them show nothing of what was only half drawn. */
const FRAME_BEGIN = "\x1b[?2026h\x1b[H", FRAME_END = "\x1b[?2026l";

/** Where a terminal doesn't tell its size. */
const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The terminal at stdin and stdout, taken over for a program that fills the screen, then given back. */
export class Terminal implements Disposable {
  readonly #hasKeys = Deno.stdin.isTerminal();

  constructor() {
    this.enter();
  }

  /** Takes it over again: who stopped this process from outside may have changed its modes. */
  enter(): void {
    if (this.#hasKeys) Deno.stdin.setRaw(true);
    writeStdout(ENTER);
  }

  /** Its size at this moment. */
  get size(): TerminalSize {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
    } catch {
      return DEFAULT_SIZE;
    }
  }

  /** Fills the screen with `lines`, as many and as wide as there is room for. */
  draw(lines: readonly string[]): void {
    // Each line is cleared before it is written: after its last column the cursor still stands on it.
    const text = lines.map((line) => `\x1b[2K${line}`).join("\r\n");
    const rest = lines.length < this.size.rows ? "\r\n\x1b[J" : "";
    writeStdout(FRAME_BEGIN + text + rest + FRAME_END);
  }

  /** What is typed, as it comes. Ends when the terminal is closed; never when stdin is none. */
  async *input(): AsyncGenerator<string, void, void> {
    if (!this.#hasKeys) return await new Promise<void>(() => {});
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(256);
    for (;;) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) return;
      yield decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  }

  /** Gives the terminal back and stops this process, or its whole group, until the shell lets it go on. */
  suspend(whom: "process" | "process group"): void {
    this.#leave();
    stopUntilContinued(whom);
    this.enter();
  }

  [Symbol.dispose](): void {
    try {
      this.#leave();
    } catch {
      // The terminal is gone.
    }
  }

  #leave(): void {
    // Where the shell has already taken the terminal, SIGTTOU would stop this halfway (termios(3)).
    const blocked = blockSignals([SIGTTOU]);
    try {
      writeStdout(LEAVE);
    } finally {
      if (this.#hasKeys) Deno.stdin.setRaw(false);
      setBlockedSignals(blocked);
    }
  }
}
