/** How much is logged; each level includes those before it. */
export type LogLevel = "silent" | "error" | "info" | "debug";

const LEVELS: readonly LogLevel[] = ["silent", "error", "info", "debug"];

/** Syslog severities (RFC 5424 section 6.2.1) of what is logged. */
const SEVERITY = { error: 3, info: 6, debug: 7 } as const;

/** Where lines go: `severity` is syslog's. Must neither block nor throw. */
export type LogSink = (severity: number, line: string) => void;

/** The log of one engine. Callers pass no secrets: no key but public ones, shortened. */
export class Logger {
  readonly #rank: number;
  readonly #sink: LogSink;

  constructor(level: LogLevel, sink: LogSink) {
    this.#rank = LEVELS.indexOf(level);
    this.#sink = sink;
  }

  /** Whether {@linkcode debug} goes anywhere, for callers whose lines take work to make. */
  get debugs(): boolean {
    return this.#rank >= 3;
  }

  /** Something that keeps the interface from working as it should. */
  error(line: string): void {
    if (this.#rank >= 1) this.#sink(SEVERITY.error, line);
  }

  /** What an administrator wants to know afterwards: starts, ends, changed ports. */
  info(line: string): void {
    if (this.#rank >= 2) this.#sink(SEVERITY.info, line);
  }

  /** What the protocol does: handshakes, roaming, expired sessions. */
  debug(line: string): void {
    if (this.#rank >= 3) this.#sink(SEVERITY.debug, line);
  }
}

/**
 * The level that the environment asks for, in wireguard-go's words: `LOG_LEVEL` is `verbose`, `debug`,
 * `info`, `error` or `silent`; anything else means `info`.
 */
export function logLevelFrom(text: string | undefined): LogLevel {
  if (text === "verbose") return "debug";
  return LEVELS.find((level) => level === text) ?? "info";
}

/** A sink that keeps lines for another one, until it is known that there is something to tell. */
export class HeldLog {
  #lines: [severity: number, line: string][] | null = [];

  constructor(readonly target: LogSink) {}

  /** To be given to a {@linkcode Logger}. */
  readonly sink: LogSink = (severity, line) => {
    if (this.#lines === null) this.target(severity, line);
    else this.#lines.push([severity, line]);
  };

  /** Passes on what came so far, and from now on each line at once. */
  release(): void {
    const lines = this.#lines ?? [];
    this.#lines = null;
    for (const [severity, line] of lines) this.target(severity, line);
  }
}

/** A sink that writes to stderr. */
export function stderrSink(name: string): LogSink {
  const encoder = new TextEncoder();
  return (_severity, line) => {
    try {
      Deno.stderr.writeSync(encoder.encode(`wgts: (${name}) ${line}\n`));
    } catch {
      // Whoever read our stderr is gone; the tunnel must not die of it.
    }
  };
}
