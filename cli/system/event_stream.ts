import type { TunnelEvent } from "../../core/events/event.ts";
import { controlSocketPath, UapiError } from "../../core/uapi/client.ts";
import { EVENTS_REQUEST, UapiEventReader } from "../../core/uapi/events.ts";
import { statusSocketPath } from "../runtime_paths.ts";

/** Events of one engine as they happen, from when it was opened on. */
export class EventStream implements Disposable {
  readonly #socket: Deno.UnixConn;
  readonly #reader: UapiEventReader;
  readonly #first: readonly TunnelEvent[];
  #closed = false;

  private constructor(
    socket: Deno.UnixConn,
    reader: UapiEventReader,
    first: readonly TunnelEvent[],
  ) {
    this.#socket = socket;
    this.#reader = reader;
    this.#first = first;
  }

  /**
   * Subscribes to the events of the interface `name`, at its status socket when its control socket isn't for
   * this user. Null when no engine of wgts serves it.
   *
   * @throws UapiError when the engine has too many readers already
   */
  static async open(name: string): Promise<EventStream | null> {
    for (const path of [controlSocketPath(name), statusSocketPath(name)]) {
      const socket = await connect(path);
      if (socket === "absent") return null;
      if (socket === "refused") continue;
      try {
        const stream = await EventStream.#subscribe(socket);
        if (stream !== null) return stream;
      } catch (error) {
        close(socket);
        throw error;
      }
      close(socket);
      return null;
    }
    throw new Error(
      `Cannot ask ${name} for its events: permission denied: be root, or of the group that ` +
        "`--status-group' gave its engine",
    );
  }

  static async #subscribe(socket: Deno.UnixConn): Promise<EventStream | null> {
    const reader = new UapiEventReader();
    const first: TunnelEvent[] = [];
    // Whoever says nothing at all is no engine of ours.
    const timer = setTimeout(() => socket.close(), ANSWER_MS);
    try {
      await writeAll(socket, new TextEncoder().encode(EVENTS_REQUEST));
      while (!reader.accepted) {
        const bytes = await read(socket);
        // Other implementations hang up.
        if (bytes === null) return null;
        first.push(...reader.push(bytes));
      }
    } catch (error) {
      if (error instanceof UapiError && error.errno === EBUSY) {
        throw new UapiError(EBUSY, "The engine has too many readers of events already");
      }
      // Some of them answer with an error.
      if (error instanceof UapiError || isHangup(error)) return null;
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return new EventStream(socket, reader, first);
  }

  /** The events, until the engine or {@linkcode close} ends the connection. */
  async *events(): AsyncGenerator<TunnelEvent, void, void> {
    yield* this.#first;
    for (;;) {
      const bytes = await this.#read();
      if (bytes === null) return;
      yield* this.#reader.push(bytes);
    }
  }

  async #read(): Promise<Uint8Array | null> {
    try {
      return await read(this.#socket);
    } catch (error) {
      if (this.#closed || isHangup(error)) return null;
      throw error;
    }
  }

  /** Ends the connection. */
  close(): void {
    if (!this.#closed) this.#socket.close();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const EBUSY = 16;
/** How long an engine may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** "refused": it isn't for this user. */
async function connect(path: string): Promise<Deno.UnixConn | "absent" | "refused"> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (error) {
    const { PermissionDenied, NotFound, ConnectionRefused, NotADirectory } = Deno.errors;
    if (error instanceof PermissionDenied) return "refused";
    const isAbsent = error instanceof NotFound || error instanceof ConnectionRefused ||
      error instanceof NotADirectory;
    if (isAbsent) return "absent";
    throw error;
  }
}

function close(socket: Deno.UnixConn): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}

async function writeAll(socket: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await socket.write(rest));
}

async function read(socket: Deno.UnixConn): Promise<Uint8Array | null> {
  const part = new Uint8Array(16_384);
  const count = await socket.read(part);
  return count === null ? null : part.subarray(0, count);
}

function isHangup(error: unknown): boolean {
  const { BrokenPipe, ConnectionReset, BadResource, Interrupted } = Deno.errors;
  return [BrokenPipe, ConnectionReset, BadResource, Interrupted].some((kind) =>
    error instanceof kind
  );
}
