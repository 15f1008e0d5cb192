import { NetlinkFormatError } from "../core/netlink/attributes.ts";
import { decodeLink, getLink, type Link, RTM_DELLINK, RTM_NEWLINK } from "../core/netlink/link.ts";
import {
  decodeAcknowledgement,
  decodeMessages,
  encodeMessage,
  messageSize,
  type NetlinkMessage,
  NLMSG_ERROR,
} from "../core/netlink/message.ts";
import { Errno, SysError } from "./errno.ts";
import { KernelTransport, type NetlinkTransport } from "./netlink_transport.ts";

const RTMGRP_LINK = 1;
/** Datagrams read in one go, so that a storm of changes elsewhere doesn't stop the engine. */
const DATAGRAMS_AT_ONCE = 64;

/** What became of an interface. */
export type LinkEvent =
  /** Its state as first seen, or after a change of name, MTU or flags. */
  | { readonly kind: "changed"; readonly link: Link }
  /** It moved to another network namespace, where it has the index `newIndex`. */
  | { readonly kind: "moved"; readonly newIndex: number }
  /** It no longer exists. */
  | { readonly kind: "deleted" };

/**
 * Follows one interface: its deletion, its moving to another network namespace, its name, MTU, and
 * being up or down. Needs no privilege and never waits.
 */
export class LinkMonitor implements Disposable {
  readonly #transport: NetlinkTransport;
  #last: Link | null = null;
  #missedSome = false;

  /** See {@linkcode LinkMonitor.open}; `transport` listens to RTMGRP_LINK and doesn't block. */
  constructor(
    transport: NetlinkTransport,
    /** Readable (POLLIN) when there may be events. */
    readonly fd: number,
    /** The interface's index. */
    readonly interfaceIndex: number,
  ) {
    this.#transport = transport;
    this.#askForState();
  }

  /**
   * Follows the interface with that index in the calling thread's network namespace. The first
   * {@linkcode LinkMonitor.readEvents} tells its present state.
   * @throws {SysError} when no netlink socket can be opened
   */
  static open(interfaceIndex: number): LinkMonitor {
    const transport = KernelTransport.open({ groups: RTMGRP_LINK, nonblocking: true });
    return new LinkMonitor(transport, transport.fd, interfaceIndex);
  }

  /**
   * Returns what happened since the last call, in order. There may be more: {@linkcode fd} is readable
   * as long as there is.
   *
   * Changes that came too fast to be told one by one are told by their result.
   * @throws {SysError} when the socket fails
   */
  readEvents(): LinkEvent[] {
    const events: LinkEvent[] = [];
    for (let count = 0; count < DATAGRAMS_AT_ONCE; count++) {
      try {
        const datagram = this.#transport.receive();
        if (datagram === null) {
          if (!this.#missedSome) break;
          // Not earlier: the kernel drops answers until the socket's buffer has been emptied.
          this.#missedSome = false;
          this.#askForState();
          continue;
        }
        for (const message of decodeMessages(datagram)) {
          const event = this.#eventOf(message);
          if (event !== null) events.push(event);
        }
      } catch (error) {
        const isOverrun = error instanceof SysError && error.errno === Errno.ENOBUFS;
        if (!isOverrun && !(error instanceof NetlinkFormatError)) throw error;
        this.#missedSome = true;
      }
    }
    return events;
  }

  /** Closes the socket. */
  close(): void {
    this.#transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Asks for the interface's state, which comes among the notifications. */
  #askForState(): void {
    const request = getLink({ index: this.interfaceIndex });
    const bytes = new Uint8Array(messageSize(request));
    encodeMessage(bytes, 0, request, 1, false);
    this.#transport.send(bytes);
  }

  #eventOf(message: NetlinkMessage): LinkEvent | null {
    if (message.type === NLMSG_ERROR) {
      const gone = decodeAcknowledgement(message).errno === Errno.ENODEV;
      return gone ? { kind: "deleted" } : null;
    }
    if (message.type !== RTM_NEWLINK && message.type !== RTM_DELLINK) return null;
    const link = decodeLink(message.payload);
    if (link === null || link.index !== this.interfaceIndex) return null;
    if (message.type === RTM_DELLINK) {
      if (link.newIndex === undefined) return { kind: "deleted" };
      return { kind: "moved", newIndex: link.newIndex };
    }
    const last = this.#last;
    this.#last = link;
    const isSame = last !== null && last.name === link.name && last.mtu === link.mtu &&
      last.flags === link.flags;
    return isSame ? null : { kind: "changed", link };
  }
}
