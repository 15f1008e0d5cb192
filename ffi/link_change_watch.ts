import { Errno, SysError } from "./errno.ts";
import { KernelTransport } from "./netlink_transport.ts";

const RTMGRP_LINK = 1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV6_IFADDR = 0x100;
/** Datagrams read in one go, so that a storm of changes doesn't stop the engine. */
const DATAGRAMS_AT_ONCE = 64;

/**
 * Tells that an interface or an address of the calling thread's network namespace has changed, but not
 * which. Needs no privilege, and never waits.
 */
export class LinkChangeWatch {
  readonly #transport: KernelTransport;

  private constructor(transport: KernelTransport) {
    this.#transport = transport;
  }

  /** @throws SysError when no netlink socket can be opened */
  static open(): LinkChangeWatch {
    const groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    return new LinkChangeWatch(KernelTransport.open({ groups, nonblocking: true }));
  }

  /** Readable (POLLIN) when something has changed since {@linkcode acknowledge}. */
  get fd(): number {
    return this.#transport.fd;
  }

  /** To be called before it is looked what has changed. @throws SysError when the socket fails */
  acknowledge(): void {
    for (let count = 0; count < DATAGRAMS_AT_ONCE; count++) {
      try {
        if (this.#transport.receive() === null) return;
      } catch (error) {
        // More has changed than the socket could keep: that it has is all that counts.
        if (!(error instanceof SysError) || error.errno !== Errno.ENOBUFS) throw error;
      }
    }
  }

  /** Closes the socket. */
  close(): void {
    this.#transport.close();
  }
}
