/** The local side a datagram was received on, which replies leave from ("sticky source"). */
export interface LocalSource {
  /** Local IP address, 4 or 16 bytes, network byte order. */
  readonly address: Uint8Array;
  /** Index of the interface it arrived on; 0 when not known. */
  readonly interfaceIndex: number;
}

/**
 * Where a peer is reached: an IP address and UDP port, and the local source to answer from.
 *
 * Immutable, so that sessions and queues may share one object and compare by identity first.
 */
export class Endpoint {
  /** The owner of the socket may keep the address here in the socket's own format. */
  native: Uint8Array | null = null;

  /** An endpoint whose arrays are kept, not copied. */
  constructor(
    /** IP address, 4 or 16 bytes, network byte order. */
    readonly address: Uint8Array,
    /** UDP port, host byte order. */
    readonly port: number,
    /** IPv6 zone (interface index) of a link-local address, else 0. */
    readonly scopeId: number = 0,
    /** Local side, or null when the system may choose. */
    readonly source: LocalSource | null = null,
  ) {}

  /** The same remote address without a local source. */
  withoutSource(): Endpoint {
    return this.source === null ? this : new Endpoint(this.address, this.port, this.scopeId);
  }

  /** Same remote address, port and zone; local sources are not compared. */
  sameRemote(other: Endpoint): boolean {
    return this === other ||
      (this.port === other.port && this.scopeId === other.scopeId &&
        equalBytes(this.address, other.address));
  }

  /** Same remote and same local source. */
  equals(other: Endpoint): boolean {
    if (this === other) return true;
    if (!this.sameRemote(other)) return false;
    const a = this.source, b = other.source;
    if (a === null || b === null) return a === b;
    return a.interfaceIndex === b.interfaceIndex && equalBytes(a.address, b.address);
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
