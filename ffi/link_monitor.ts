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
import { type InterfaceLocation, locateTun } from "./tun_location.ts";

const RTMGRP_LINK = 1;
/** Datagrams read in one go, so that a storm of changes elsewhere doesn't stop the engine. */
const DATAGRAMS_AT_ONCE = 64;

/** How often an interface is looked for that moves on each time. */
const LOCATE_ATTEMPTS = 10;

/** What became of an interface. */
export type LinkEvent =
  /** Its state as first seen, or after a change of name, MTU or flags. */
  | { readonly kind: "changed"; readonly link: Link }
  /**
   * It moved to another network namespace, where it has the index `newIndex`. Unless it can be followed
   * there, no more is told of it.
   */
  | { readonly kind: "moved"; readonly newIndex: number; readonly followed: boolean }
  /** It no longer exists. */
  | { readonly kind: "deleted" };

/** How a {@linkcode LinkMonitor} goes after its interface. */
export interface LinkPursuit {
  /**
   * Finds it, wherever it is. Throws SysError, with EBADFD when it is gone, ENODEV when it moved
   * meanwhile.
   */
  locate(): InterfaceLocation;
  /** As {@linkcode KernelTransport.listenToAllNamespaces}. */
  listenToAllNamespaces(all: boolean): boolean;
}

/**
 * Follows one interface: its deletion, its moving to another network namespace, its name, MTU, and
 * being up or down. Never waits.
 *
 * In its own namespace it needs no privilege, and hears of each change. Of other namespaces it hears that
 * something has changed, but not where, and asks for the state each time.
 */
export class LinkMonitor implements Disposable {
  readonly #transport: NetlinkTransport;
  readonly #pursuit: LinkPursuit | null;
  #location: InterfaceLocation;
  #last: Link | null = null;
  /** Whether the state has to be asked for when all has been read. */
  #isStale = false;

  /** See {@linkcode LinkMonitor.open}; `transport` listens to RTMGRP_LINK and doesn't block. */
  constructor(
    transport: NetlinkTransport,
    /** Readable (POLLIN) when there may be events. */
    readonly fd: number,
    location: InterfaceLocation,
    pursuit: LinkPursuit | null = null,
  ) {
    this.#transport = transport;
    this.#pursuit = pursuit;
    this.#location = location;
    if (location.namespaceId !== null) pursuit?.listenToAllNamespaces(true);
    this.#askForState();
  }

  /**
   * Follows the interface with that index in the calling thread's network namespace, as long as it is there.
   * The first {@linkcode LinkMonitor.readEvents} tells its present state.
   * @throws {SysError} when no netlink socket can be opened
   */
  static open(interfaceIndex: number): LinkMonitor {
    const transport = openTransport();
    return new LinkMonitor(transport, transport.fd, { index: interfaceIndex, namespaceId: null });
  }

  /**
   * Follows a TUN interface, by its file descriptor, wherever it is and goes. Elsewhere that takes
   * CAP_NET_ADMIN, CAP_NET_BROADCAST and Linux 5.2.
   * @throws {SysError} when it can't be found, or no netlink socket be opened
   */
  static openTun(fd: number): LinkMonitor {
    const location = locateTun(fd);
    const transport = openTransport();
    return new LinkMonitor(transport, transport.fd, location, {
      locate: () => locateTun(fd),
      listenToAllNamespaces: (all) => transport.listenToAllNamespaces(all),
    });
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
          if (!this.#isStale) break;
          // Not earlier: the kernel drops answers until the socket's buffer has been emptied.
          this.#isStale = false;
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
        this.#isStale = true;
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
    const { index, namespaceId } = this.#location;
    const request = getLink({ index }, namespaceId);
    const bytes = new Uint8Array(messageSize(request));
    encodeMessage(bytes, 0, request, 1, false);
    this.#transport.send(bytes);
  }

  #eventOf(message: NetlinkMessage): LinkEvent | null {
    const { index, namespaceId } = this.#location;
    if (message.type === NLMSG_ERROR) {
      const gone = decodeAcknowledgement(message).errno === Errno.ENODEV;
      // What would tell that it moved may have been lost.
      return gone ? this.#pursue(null) : null;
    }
    if (message.type !== RTM_NEWLINK && message.type !== RTM_DELLINK) return null;
    const link = decodeLink(message.payload);
    if (link === null || link.index !== index) return null;
    if (namespaceId !== null && link.namespaceId !== namespaceId) {
      // Of this namespace or of another: only an answer says which.
      this.#isStale = true;
      return null;
    }
    if (message.type === RTM_DELLINK) {
      return link.newIndex === undefined ? { kind: "deleted" } : this.#pursue(link.newIndex);
    }
    const last = this.#last;
    this.#last = link;
    const isSame = last !== null && last.name === link.name && last.mtu === link.mtu &&
      last.flags === link.flags;
    return isSame ? null : { kind: "changed", link };
  }

  /**
   * Goes after the interface, which isn't where it was: it has the index `newIndex` now, if that is
   * known.
   */
  #pursue(newIndex: number | null): LinkEvent {
    if (this.#pursuit === null) {
      return newIndex === null ? { kind: "deleted" } : { kind: "moved", newIndex, followed: false };
    }
    const location = locate(this.#pursuit);
    if (location === "deleted") return { kind: "deleted" };
    const isFollowed = location !== null &&
      this.#pursuit.listenToAllNamespaces(location.namespaceId !== null);
    if (!isFollowed) {
      return { kind: "moved", newIndex: newIndex ?? this.#location.index, followed: false };
    }
    this.#location = location;
    this.#last = null;
    this.#isStale = true;
    return { kind: "moved", newIndex: location.index, followed: true };
  }
}

/** Where an interface is that moves, perhaps at this very moment; null when that can't be found out. */
function locate(pursuit: LinkPursuit): InterfaceLocation | "deleted" | null {
  for (let attempt = 0; attempt < LOCATE_ATTEMPTS; attempt++) {
    try {
      return pursuit.locate();
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      if (error.errno === Errno.EBADFD) return "deleted";
      // It moved on between being found in a namespace and being looked for there.
      if (error.errno !== Errno.ENODEV) return null;
    }
  }
  return null;
}

function openTransport(): KernelTransport {
  return KernelTransport.open({ groups: RTMGRP_LINK, nonblocking: true });
}
