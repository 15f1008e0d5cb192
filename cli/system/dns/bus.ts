import {
  type DbusCall,
  type DbusMessage,
  decodeMessage,
  encodeCall,
  ERROR,
  messageSize,
  METHOD_RETURN,
} from "../../../core/dbus/message.ts";
import { DbusFormatError } from "../../../core/dbus/signature.ts";
import type { DbusValue } from "../../../core/dbus/values.ts";
import { Errno, SysError } from "../../../ffi/errno.ts";
import { UnixStream } from "../../../ffi/unix_socket.ts";

/** Where the system's message bus is. */
export const SYSTEM_BUS = "/run/dbus/system_bus_socket";
/** How long all of a connection may take, in milliseconds: a service may have to be started. */
const TIMEOUT_MS = 10_000;

/** A call that was answered with an error. */
export class DbusError extends Error {
  override readonly name = "DbusError";

  /** @param code the error's name, such as "org.freedesktop.DBus.Error.AccessDenied" */
  constructor(readonly code: string, call: DbusCall, message: string) {
    super(`${call.destination} refuses ${call.member}: ${message || code}`);
  }
}

/** How a {@linkcode Bus} is reached, for tests. */
export interface BusOptions {
  readonly path?: string;
  readonly timeoutMs?: number;
}

/**
 * A connection to a message bus of D-Bus, for one call after the other, all of them within one time
 * limit.
 */
export class Bus implements Disposable {
  readonly #stream: UnixStream;
  readonly #deadline: number;
  #received = new Uint8Array(0);
  #serial = 0;

  private constructor(stream: UnixStream, deadline: number) {
    this.#stream = stream;
    this.#deadline = deadline;
  }

  /**
   * Connects to the system's bus as the user of this process.
   *
   * @throws SysError with ENOENT or ECONNREFUSED when there is none, EAGAIN when it takes too long
   */
  static open({ path = SYSTEM_BUS, timeoutMs = TIMEOUT_MS }: BusOptions = {}): Bus {
    const deadline = performance.now() + timeoutMs;
    const bus = new Bus(UnixStream.connect(path, timeoutMs), deadline);
    try {
      bus.#authenticate();
      const name = "org.freedesktop.DBus";
      const hello = { destination: name, path: "/org/freedesktop/DBus", interface: name };
      bus.call({ ...hello, member: "Hello", signature: "", body: [] });
      return bus;
    } catch (error) {
      bus[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Calls a method, and waits for its answer.
   *
   * @returns the values of the answer
   * @throws DbusError; SysError with EAGAIN when no answer comes in time, EPROTO when it can't be understood
   */
  call(call: DbusCall): readonly DbusValue[] {
    const serial = ++this.#serial;
    this.#send(encodeCall(call, serial));
    for (;;) {
      const { type, replySerial, errorName, body } = this.#readMessage();
      if (replySerial !== serial) continue;
      if (type === METHOD_RETURN) return body;
      if (type !== ERROR) continue;
      const [message] = body;
      throw new DbusError(errorName ?? "", call, typeof message === "string" ? message : "");
    }
  }

  [Symbol.dispose](): void {
    this.#stream.close();
  }

  /** The SASL profile of the specification, with the mechanism EXTERNAL: the socket tells who we are. */
  #authenticate(): void {
    const uid = Array.from(String(Deno.uid()), (digit) => digit.charCodeAt(0).toString(16));
    this.#send(new TextEncoder().encode(`\0AUTH EXTERNAL ${uid.join("")}\r\n`));
    const answer = new TextDecoder().decode(this.#take(() => {
      const end = this.#received.indexOf(0x0a);
      return end < 0 ? null : end + 1;
    }));
    if (!answer.startsWith("OK ")) {
      throw new SysError("log in to the message bus", Errno.EACCES, answer.trim());
    }
    this.#send(new TextEncoder().encode("BEGIN\r\n"));
  }

  #readMessage(): DbusMessage {
    try {
      return decodeMessage(this.#take(() => messageSize(this.#received)));
    } catch (error) {
      if (!(error instanceof DbusFormatError)) throw error;
      throw new SysError("read from the message bus", Errno.EPROTO, error.message);
    }
  }

  /** Takes as many of the received bytes as `size` says, as soon as it knows and they are there. */
  #take(size: () => number | null): Uint8Array {
    for (;;) {
      const wanted = size();
      if (wanted !== null && this.#received.length >= wanted) {
        const taken = this.#received.slice(0, wanted);
        this.#received = this.#received.slice(wanted);
        return taken;
      }
      this.#receive();
    }
  }

  #send(bytes: Uint8Array): void {
    this.#limitTime();
    this.#stream.writeAll(bytes);
  }

  /** Leaves the next read or write no more than what is left of the time. */
  #limitTime(): void {
    const left = this.#deadline - performance.now();
    if (left <= 0) {
      throw new SysError("talk to the message bus", Errno.EAGAIN, "the other side took too long");
    }
    // Less than a millisecond might be rounded to nothing, which would be no limit.
    this.#stream.limitTime(Math.max(1, left));
  }

  #receive(): void {
    this.#limitTime();
    const part = new Uint8Array(4096);
    const count = this.#stream.read(part);
    if (count <= 0) throw new SysError("read from the message bus", -count || Errno.EPROTO);
    const all = new Uint8Array(this.#received.length + count);
    all.set(this.#received);
    all.set(part.subarray(0, count), this.#received.length);
    this.#received = all;
  }
}
