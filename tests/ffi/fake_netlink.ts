import { Errno, SysError } from "../../ffi/errno.ts";
import type { NetlinkTransport } from "../../ffi/netlink_transport.ts";
import {
  decodeMessages,
  type NetlinkMessage,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../../core/netlink/message.ts";

/** A message as the fake kernel sends it; the port and sequence number are those of the request. */
export interface FakeMessage {
  readonly type: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
  readonly sequence?: number;
  readonly portId?: number;
}

/** What the fake kernel puts into the receive queue: a datagram, or a lost one (ENOBUFS). */
export type FakeAnswer = readonly FakeMessage[] | Uint8Array<ArrayBuffer> | "overrun";

const PORT_ID = 4711;

/** A kernel that answers each datagram with what `answer` returns for its messages. */
export class FakeNetlink implements NetlinkTransport {
  readonly portId = PORT_ID;
  /** All messages that were sent, by datagram. */
  readonly sent: NetlinkMessage[][] = [];
  readonly queue: FakeAnswer[] = [];
  isClosed = false;
  #sequence = 0;

  constructor(public answer: (messages: NetlinkMessage[]) => FakeAnswer[]) {}

  send(datagram: Uint8Array<ArrayBuffer>): void {
    const messages = decodeMessages(datagram.slice());
    this.sent.push(messages);
    this.#sequence = messages[0]?.sequence ?? 0;
    this.queue.push(...this.answer(messages));
  }

  receive(): Uint8Array<ArrayBuffer> | null {
    const next = this.queue.shift();
    if (next === undefined) return null;
    if (next === "overrun") throw new SysError("receive", Errno.ENOBUFS);
    if (next instanceof Uint8Array) return next;
    return concat(next.map((message) => this.#encode(message)));
  }

  close(): void {
    this.isClosed = true;
  }

  #encode(message: FakeMessage): Uint8Array {
    const { type, flags = 0, payload = new Uint8Array(0), sequence, portId = PORT_ID } = message;
    const bytes = new Uint8Array(16 + Math.ceil(payload.length / 4) * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 16 + payload.length, true);
    view.setUint16(4, type, true);
    view.setUint16(6, flags, true);
    view.setUint32(8, sequence ?? this.#sequence, true);
    view.setUint32(12, portId, true);
    bytes.set(payload, 16);
    return bytes;
  }
}

/** An acknowledgement, of success by default; of the given request where there are several. */
export function acknowledgement(errno = 0, sequence?: number): FakeMessage {
  const payload = new Uint8Array(20);
  new DataView(payload.buffer).setInt32(0, -errno, true);
  const message = { type: NLMSG_ERROR, flags: 0x100, payload };
  return sequence === undefined ? message : { ...message, sequence };
}

/** The end of a dump. */
export function done(errno = 0): FakeMessage {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setInt32(0, -errno, true);
  return { type: NLMSG_DONE, flags: 2, payload };
}

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
