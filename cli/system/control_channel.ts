import { controlSocketPath, UapiError } from "../../core/uapi/client.ts";
import { importLater } from "../import_later.ts";

type OsError = typeof import("./os_error.ts");

/** For how long nothing may come or go before a request is given up, unless somebody is in a hurry. */
const TIME_LIMIT_MS = 10_000;
/** When the time is over: for what has come already, while this thread did something else. */
const LAST_LOOK_MS = 10;
/** Between two attempts to connect to a socket whose backlog is full. */
const BACKLOG_PAUSE_MS = 20;
/** EAGAIN, as a time limit of a socket's gives. */
const EAGAIN = 11;
const ENAMETOOLONG = 36;
const ECONNRESET = 104;
/** What the answer to a request to change something begins with. */
const RESULT = "errno=";
/** The size of an interface's name in bytes, at most. */
const NAME_SIZE = 15;
/** More than the socket's buffer holds. */
const PART_SIZE = 262_144;
/** What an engine writes at once, or thereabouts. */
const TEXT_PART_SIZE = 65_536;
/** The two newlines that end an answer. */
const BLANK_LINE = 0x0a0a;

/** A part of an answer. */
export interface AnswerPart {
  /** Valid until the next part comes. May hold secrets. */
  readonly bytes: Uint8Array;
  /** Whether it ends the answer. */
  readonly isLast: boolean;
}

/**
 * A connection to an interface's control socket, for one request. By the runtime's own sockets: to bind
 * the C library's functions would take several times as long as a request does.
 */
export class ControlChannel {
  readonly #socket: Deno.UnixConn;
  readonly #path: string;
  readonly #timeoutMs: number;
  /** What waits for the time limit; notified when the connection ends. */
  readonly #watcher = new Int32Array(new SharedArrayBuffer(4));
  #closed = false;
  /** That the other side hung up on what it was sent, if it did. */
  #reset: Error | null = null;
  /** When something came or went last, on the clock of performance.now(). */
  #progressedAt = 0;

  private constructor(socket: Deno.UnixConn, path: string, timeoutMs: number) {
    this.#socket = socket;
    this.#path = path;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Connects to the socket at `path`. What then stalls for `timeoutMs` is given up.
   *
   * @throws SysError with ENOENT when there is none, ECONNREFUSED when nobody listens any more, EACCES
   * without permission, EAGAIN when too many others wait to be accepted
   */
  static async connect(path: string, timeoutMs: number): Promise<ControlChannel> {
    try {
      return new ControlChannel(await connect(path, timeoutMs), path, timeoutMs);
    } catch (error) {
      throw await systemError(`connect to ${path}`, error, ENAMETOOLONG);
    }
  }

  /**
   * Connects to the control socket of the interface `name`; null when there is none. One that nobody
   * listens at any more is removed, as `wg` does.
   *
   * @throws SysError as {@linkcode connect}, but for that
   */
  static async open(
    name: string,
    timeoutMs: number = TIME_LIMIT_MS,
  ): Promise<ControlChannel | null> {
    if (name === "" || name.includes("/")) return null;
    const path = controlSocketPath(name);
    try {
      return new ControlChannel(await connect(path, timeoutMs), path, timeoutMs);
    } catch (error) {
      if (!exists(path)) return null;
      if (error instanceof Deno.errors.ConnectionRefused) {
        // Any other kind of file refuses too; such is somebody else's.
        if (leadsToSocket(path)) removeSocket(path);
        return null;
      }
      // What isn't the system's error is the runtime's, about the path's length.
      throw await systemError(`connect to ${path}`, error, ENAMETOOLONG);
    }
  }

  /**
   * Sends a request to change the interface and gives the answer, up to the blank line that ends it or to what
   * none begins with. The request's chunks may hold secrets, and be valid only until the next is asked for.
   *
   * @throws UapiError when the answer breaks off, SysError when it stalls or with ECONNRESET when none comes
   */
  async askToSet(request: Iterable<Uint8Array>): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const { bytes } of this.askInParts(request)) {
        text += decoder.decode(bytes, { stream: true });
        if (!text.startsWith(RESULT.slice(0, text.length))) break;
      }
    } catch (error) {
      if (text !== "" || this.#reset === null) throw error;
      throw await systemError(`talk to ${this.#path}`, this.#reset, ECONNRESET);
    }
    return text;
  }

  /**
   * Sends any request and gives its answer, up to the blank line that ends it.
   *
   * @throws UapiError when the answer breaks off, SysError when it stalls
   */
  async ask(request: Iterable<Uint8Array>): Promise<string> {
    const decoder = new TextDecoder();
    const texts: string[] = [];
    for await (const { bytes } of this.askInParts(request)) {
      texts.push(decoder.decode(bytes, { stream: true }));
    }
    return texts.join("");
  }

  /**
   * Sends a request whose answer is a text behind which `end` stands, a line and a blank one. Gives the text in
   * parts, which are the caller's to wipe; null when the other side refuses the request, or hangs up at once.
   *
   * @throws UapiError when the text breaks off, SysError when it stalls
   */
  async askForText(request: string, end: string): Promise<Uint8Array[] | null> {
    const parts: Uint8Array[] = [];
    let head = "", tail = "";
    this.#watch();
    try {
      await this.#writeAll([new TextEncoder().encode(request)]);
      while (tail !== end) {
        const buffer = new Uint8Array(TEXT_PART_SIZE), count = await this.#read(buffer);
        if (count === 0 && parts.length === 0) return null;
        if (count === 0) throw this.#brokenOff();
        const part = buffer.subarray(0, count);
        parts.push(part);
        head = (head + characters(part.subarray(0, RESULT.length))).slice(0, RESULT.length);
        tail = (tail + characters(part.subarray(-end.length))).slice(-end.length);
        if (head === RESULT && tail !== end && tail.endsWith("\n\n")) return null;
      }
      return withoutEnd(parts, end.length);
    } finally {
      if (tail !== end) { for (const part of parts) part.fill(0); }
    }
  }

  /** As {@linkcode ask}, but hands out each part of the answer as it comes. */
  async *askInParts(request: Iterable<Uint8Array>): AsyncGenerator<AnswerPart, void, void> {
    this.#watch();
    await this.#writeAll(request);
    const buffer = new Uint8Array(PART_SIZE);
    /** The last two bytes. */
    let end = 0;
    while (end !== BLANK_LINE) {
      const count = await this.#read(buffer);
      if (count === 0) throw this.#brokenOff();
      const before = count === 1 ? end & 0xff : buffer[count - 2] ?? 0;
      end = before << 8 | (buffer[count - 1] ?? 0);
      try {
        yield { bytes: buffer.subarray(0, count), isLast: end === BLANK_LINE };
      } finally {
        // Answers hold private keys.
        buffer.fill(0, 0, count);
      }
    }
  }

  /** Ends the connection. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    Atomics.notify(this.#watcher, 0);
  }

  /** Ends the connection when it stalls. The first `setTimeout` of a program takes 5 ms; this takes none. */
  async #watch(): Promise<void> {
    this.#progressedAt = performance.now();
    let left = this.#timeoutMs;
    while (left > 0 && !this.#closed) {
      await Atomics.waitAsync(this.#watcher, 0, 0, left).value;
      if (this.#timeLeft() > 0) left = this.#timeLeft();
      else left = left === LAST_LOOK_MS ? 0 : LAST_LOOK_MS;
    }
    this[Symbol.dispose]();
  }

  #timeLeft(): number {
    return this.#progressedAt + this.#timeoutMs - performance.now();
  }

  #brokenOff(): UapiError {
    return new UapiError(0, `The answer of ${this.#path} breaks off`);
  }

  /** A server may refuse a request, and hang up, before it has read all of it: its answer counts. */
  async #writeAll(request: Iterable<Uint8Array>): Promise<void> {
    try {
      for (const chunk of request) await this.#write(chunk);
    } catch (error) {
      if (!isHangup(error)) throw error;
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      rest = rest.subarray(await this.#limited(this.#socket.write(rest)));
    }
  }

  /** The bytes read; 0 at the end, and when the other side has hung up. */
  async #read(part: Uint8Array): Promise<number> {
    try {
      return await this.#limited(this.#socket.read(part)) ?? 0;
    } catch (error) {
      if (!isHangup(error)) throw error;
      this.#reset = error;
      return 0;
    }
  }

  /** What `operation` gives, unless the connection stalls. */
  async #limited<Result>(operation: Promise<Result>): Promise<Result> {
    try {
      const result = await operation;
      this.#progressedAt = performance.now();
      return result;
    } catch (error) {
      if (isHangup(error)) throw error;
      throw await systemError(`talk to ${this.#path}`, error, EAGAIN);
    }
  }
}

/** Bytes as characters, each as one. */
function characters(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Parts of a text without its last `size` bytes. */
function withoutEnd(parts: Uint8Array[], size: number): Uint8Array[] {
  const last = parts.pop() ?? new Uint8Array(0);
  if (last.length <= size) return size === 0 ? parts : withoutEnd(parts, size - last.length);
  return [...parts, last.subarray(0, last.length - size)];
}

/** As `Deno.connect`, but waits, as connect(2) does, while too many others wait to be accepted. */
async function connect(path: string, timeoutMs: number): Promise<Deno.UnixConn> {
  for (let waited = 0;; waited += BACKLOG_PAUSE_MS) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || waited >= timeoutMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, BACKLOG_PAUSE_MS));
    }
  }
}

function isHangup(error: unknown): error is Error {
  const { BrokenPipe, ConnectionReset } = Deno.errors;
  return error instanceof BrokenPipe || error instanceof ConnectionReset;
}

/** A SysError for a failure that Deno reports; it has the error number `other` if Deno tells none. */
async function systemError(operation: string, error: unknown, other: number): Promise<Error> {
  const { osError } = await importLater<OsError>("system/os_error.ts");
  return osError(operation, error, other);
}

/** Whether anything is at `path`, as far as this user may know. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether a socket is at `path`, or a symbolic link to one. */
export function leadsToSocket(path: string): boolean {
  return isSocketBy(Deno.statSync, path);
}

/** Whether a socket is at `path`, symbolic links not followed. */
export function isSocket(path: string): boolean {
  return isSocketBy(Deno.lstatSync, path);
}

function isSocketBy(stat: (path: string) => Deno.FileInfo, path: string): boolean {
  try {
    return stat(path).isSocket === true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    // Somebody else was faster, or this user may not: it is as dead as before.
    const { NotFound, PermissionDenied } = Deno.errors;
    if (!(error instanceof NotFound || error instanceof PermissionDenied)) throw error;
  }
}

/** What `wg` takes `name` for: an interface's, of which it keeps as many bytes as that can have. */
export function deviceName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return bytes.length <= NAME_SIZE ? name : new TextDecoder().decode(bytes.subarray(0, NAME_SIZE));
}
