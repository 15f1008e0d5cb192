/**
 * What an engine and the command that starts it tell each other, by a {@linkcode MessageSocket} of which the
 * engine inherits one end. It waits there for its orders, has nothing to serve until then, and ends without
 * a trace when the other end is closed instead.
 *
 * @module
 */
import { SysError } from "../../ffi/errno.ts";
import type { MessageSocket } from "../../ffi/message_socket.ts";

/** What an engine is to serve, and how: file descriptors, and options that weren't known at its start. */
export interface Orders {
  readonly tun: number;
  readonly control: number;
  /** Null for no status socket. */
  readonly status: number | null;
  readonly options: readonly string[];
}

/** What an engine answers when it serves; anything else is its last words. */
export const READY = "ready";

/** Characters of last words. They must fit in a message, whatever they are. */
const MAX_ANSWER_LENGTH = 1000;

/**
 * Sends an engine its orders. The descriptors stay open here.
 *
 * @throws SysError with EPIPE when there is none any more
 */
export function sendOrders(socket: MessageSocket, orders: Orders): void {
  const { tun, control, status, options } = orders;
  const bytes = new TextEncoder().encode(JSON.stringify(options));
  socket.send({ bytes, fds: status === null ? [tun, control] : [tun, control, status] });
}

/** Waits for orders, and blocks this thread meanwhile. Null when none will come. */
export function receiveOrders(socket: MessageSocket): Orders | null {
  const message = socket.receive();
  if (message === null) return null;
  const { bytes, fds: [tun, control, status = null] } = message;
  if (tun === undefined || control === undefined) throw new Error("no orders for an engine");
  return { tun, control, status, options: JSON.parse(new TextDecoder().decode(bytes)) };
}

/** Tells whoever sent the orders what became of them, once: {@linkcode READY}, or why not. */
export function answerOrders(socket: MessageSocket, answer: string): void {
  try {
    const text = answer.slice(0, MAX_ANSWER_LENGTH);
    socket.send({ bytes: new TextEncoder().encode(text), fds: [] });
  } catch (error) {
    // Whoever asked is gone, or never waited; the tunnel must not die of it.
    if (!(error instanceof SysError)) throw error;
  } finally {
    socket.close();
  }
}

/** Waits for the answer, while others go on. Empty when the engine ended without one. */
export async function receiveAnswer(socket: MessageSocket): Promise<string> {
  return new TextDecoder().decode(await socket.receiveLater() ?? new Uint8Array()).trim();
}
