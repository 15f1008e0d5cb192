/** A real terminal: tmux, and in it a shell. */
import type { Host } from "./host.ts";
import { waitFor } from "./wait.ts";

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** A terminal in a host. Its server and all that runs in it end with the host. */
export class Tmux {
  static #count = 0;
  // The socket is in the host's own /run.
  readonly #command = ["tmux", "-u", "-S", `/run/tmux-${Tmux.#count++}`, "-f", "/dev/null"];

  private constructor(readonly host: Host) {}

  /**
   * Starts a shell; its prompt is `$ `. The usual one does nothing to the settings of the terminal's line
   * itself.
   */
  static async start(
    host: Host,
    { columns, rows }: TerminalSize,
    env: Record<string, string> = {},
    command: readonly string[] = ["sh"],
  ): Promise<Tmux> {
    const tmux = new Tmux(host);
    const size = ["-x", String(columns), "-y", String(rows)];
    const variables = Object.entries({ LC_ALL: "C.UTF-8", PS1: "$ ", ...env });
    const shell = [
      "env",
      "-u",
      "NO_COLOR",
      "-u",
      "WG_COLOR_MODE",
      ...variables.map(([name, value]) => `${name}=${value}`),
    ]
      .concat(command);
    await tmux.#run("new-session", "-d", ...size, ...shell);
    await tmux.waitForText(/^\$ *$/m);
    return tmux;
  }

  /** The lines on the screen, without spaces at their ends. */
  async text(): Promise<string> {
    return await this.#run("capture-pane", "-p");
  }

  /** The same with the control sequences of colours. */
  async coloredText(): Promise<string> {
    return await this.#run("capture-pane", "-p", "-e");
  }

  /** Waits until the screen matches, and gives what is on it. */
  async waitForText(pattern: RegExp): Promise<string> {
    let text = "";
    try {
      return await waitFor(`${pattern} on the screen`, async () => {
        text = await this.text();
        return pattern.test(text) && text;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${text}`);
    }
  }

  /** Types `text`. */
  async type(text: string): Promise<void> {
    await this.#run("send-keys", "-l", text);
  }

  /** Presses a key by tmux' name for it, such as Enter or C-c. */
  async press(key: string): Promise<void> {
    await this.#run("send-keys", key);
  }

  /** Types a command line for the shell. */
  async command(line: string): Promise<void> {
    await this.type(line);
    await this.press("Enter");
  }

  async resize({ columns, rows }: TerminalSize): Promise<void> {
    await this.#run("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What is in effect: a screen of a program's own, a cursor, long lines wrapped. */
  async modes(): Promise<{ alternate: boolean; cursor: boolean; wrap: boolean }> {
    const format = "#{alternate_on}#{cursor_flag}#{wrap_flag}";
    const [alternate, cursor, wrap] = await this.#run("display-message", "-p", format);
    return { alternate: alternate === "1", cursor: cursor === "1", wrap: wrap === "1" };
  }

  /** The settings of the terminal's line (stty(1)), but for its size. */
  async line(): Promise<string> {
    const device = (await this.#run("display-message", "-p", "#{pane_tty}")).trim();
    const settings = await this.host.run(["stty", "-a", "-F", device]);
    return settings.slice(settings.indexOf("\n") + 1);
  }

  /** Ends it, and with SIGHUP what runs in it. */
  async kill(): Promise<void> {
    await this.#run("kill-server");
  }

  async #run(...args: string[]): Promise<string> {
    return await this.host.run([...this.#command, ...args]);
  }
}
