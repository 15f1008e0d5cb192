/**
 * Netlink attributes (`struct nlattr`): a 16-bit length, a 16-bit type and a payload, padded to 4
 * bytes. All numbers are in host byte order, which is little-endian on x86-64 and arm64 alike.
 *
 * Source: netlink(7), rtnetlink(7), linux/netlink.h.
 *
 * @module
 */

/** Set in an attribute's type when its payload is a list of attributes. */
export const NLA_F_NESTED = 1 << 15;
/** Set in an attribute's type when its payload is in network byte order. */
export const NLA_F_NET_BYTEORDER = 1 << 14;

/** Size of `struct nlattr` in bytes. */
const HEADER_SIZE = 4;
const TYPE_MASK = 0x3fff;
const LARGEST_ATTRIBUTE = 0xffff;

/** Bytes that are not what netlink's rules allow: from a kernel this means a bug in one of the two. */
export class NetlinkFormatError extends Error {
  override name = "NetlinkFormatError";
}

/** Rounds `length` up to netlink's alignment of 4 bytes. */
export function align(length: number): number {
  return (length + 3) & ~3;
}

/** One attribute as received. Its accessors throw {@linkcode NetlinkFormatError} on a wrong size. */
export class Attribute {
  constructor(
    /** The type as on the wire, including {@linkcode NLA_F_NESTED} and {@linkcode NLA_F_NET_BYTEORDER}. */
    readonly rawType: number,
    /** The payload without padding. */
    readonly payload: Uint8Array,
  ) {}

  /** The type without its flag bits. */
  get type(): number {
    return this.rawType & TYPE_MASK;
  }

  /** The payload as an unsigned 8-bit number. */
  u8(): number {
    return this.#view(1).getUint8(0);
  }

  /** The payload as an unsigned 16-bit number. */
  u16(): number {
    return this.#view(2).getUint16(0, true);
  }

  /** The payload as an unsigned 32-bit number. */
  u32(): number {
    return this.#view(4).getUint32(0, true);
  }

  /** The payload as a signed 32-bit number. */
  i32(): number {
    return this.#view(4).getInt32(0, true);
  }

  /** The payload as an unsigned 64-bit number. */
  u64(): bigint {
    return this.#view(8).getBigUint64(0, true);
  }

  /** The payload as text, up to its first NUL if it has one. */
  string(): string {
    const end = this.payload.indexOf(0);
    return new TextDecoder().decode(end < 0 ? this.payload : this.payload.subarray(0, end));
  }

  /** The payload as a copy of exactly `size` bytes. */
  bytes(size: number): Uint8Array<ArrayBuffer> {
    this.#view(size);
    return new Uint8Array(this.payload);
  }

  /** The payload as a list of attributes, `skip` bytes of header before them. */
  nested(skip = 0): Attribute[] {
    return decodeAttributes(this.payload, skip);
  }

  #view(size: number): DataView {
    const { buffer, byteOffset, length } = this.payload;
    if (length !== size) {
      throw new NetlinkFormatError(
        `netlink attribute ${this.type} is ${length} bytes long, expected ${size}`,
      );
    }
    return new DataView(buffer, byteOffset, length);
  }
}

/**
 * Splits `bytes` from `start` on into attributes, whose payloads are views of `bytes`.
 *
 * Attributes of any type are kept, in order. Fewer than 4 bytes at the end are padding.
 * @throws {NetlinkFormatError} when an attribute's length is under 4 or leads outside of `bytes`.
 */
export function decodeAttributes(bytes: Uint8Array, start = 0): Attribute[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const attributes: Attribute[] = [];
  for (let at = start; at + HEADER_SIZE <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < HEADER_SIZE || length > bytes.length - at) {
      throw new NetlinkFormatError(
        `netlink attribute of ${length} bytes, but ${bytes.length - at} are left`,
      );
    }
    const payload = bytes.subarray(at + HEADER_SIZE, at + length);
    attributes.push(new Attribute(view.getUint16(at + 2, true), payload));
    at += align(length);
  }
  return attributes;
}

/**
 * Builds a fixed header followed by attributes.
 *
 * The first error sticks and is thrown by {@linkcode AttributeEncoder.finish}, so that callers can
 * chain without looking after each step.
 */
export class AttributeEncoder {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length: number;
  #error: RangeError | null = null;

  /** Starts with `header`, the family's fixed structure, padded to 4 bytes. */
  constructor(header: Uint8Array) {
    this.#bytes = new Uint8Array(Math.max(128, header.length * 2));
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(header);
    this.#length = align(header.length);
  }

  /** Appends an unsigned 8-bit number. */
  u8(type: number, value: number): this {
    if (!this.#inRange(type, value, 0, 0xff)) return this;
    const at = this.#append(type, 1);
    this.#view.setUint8(at, value);
    return this;
  }

  /** Appends an unsigned 16-bit number. */
  u16(type: number, value: number): this {
    if (!this.#inRange(type, value, 0, 0xffff)) return this;
    const at = this.#append(type, 2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  /** Appends an unsigned 32-bit number. */
  u32(type: number, value: number): this {
    if (!this.#inRange(type, value, 0, 0xffff_ffff)) return this;
    const at = this.#append(type, 4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** Appends an unsigned 32-bit number in network byte order. */
  u32be(type: number, value: number): this {
    if (!this.#inRange(type, value, 0, 0xffff_ffff)) return this;
    const at = this.#append(type, 4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** Appends a signed 32-bit number. */
  i32(type: number, value: number): this {
    if (!this.#inRange(type, value, -0x8000_0000, 0x7fff_ffff)) return this;
    const at = this.#append(type, 4);
    this.#view.setInt32(at, value, true);
    return this;
  }

  /** Appends `text` and a NUL, at most `limit` bytes with it. */
  string(type: number, text: string, limit = LARGEST_ATTRIBUTE - HEADER_SIZE): this {
    const bytes = new TextEncoder().encode(text);
    if (bytes.includes(0)) return this.#fail(`text of netlink attribute ${type} contains a NUL`);
    if (bytes.length >= limit) {
      return this.#fail(`"${text}" is too long: ${bytes.length} bytes, at most ${limit - 1}`);
    }
    const at = this.#append(type, bytes.length + 1);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Appends a copy of `payload`. */
  bytes(type: number, payload: Uint8Array): this {
    if (payload.length > LARGEST_ATTRIBUTE - HEADER_SIZE) {
      return this.#fail(`netlink attribute ${type} of ${payload.length} bytes is too long`);
    }
    const at = this.#append(type, payload.length);
    this.#bytes.set(payload, at);
    return this;
  }

  /** Appends attributes as they were received, flag bits included. */
  attributes(attributes: readonly Attribute[]): this {
    for (const { rawType, payload } of attributes) this.bytes(rawType, payload);
    return this;
  }

  /**
   * Appends an attribute that holds what `fill` appends, after `header` if there is one.
   *
   * `type` is written as it is: add {@linkcode NLA_F_NESTED} where the kernel wants it.
   */
  nested(type: number, fill: (encoder: this) => void, header?: Uint8Array): this {
    const start = this.#append(type, header?.length ?? 0) - HEADER_SIZE;
    if (header !== undefined) this.#bytes.set(header, start + HEADER_SIZE);
    fill(this);
    const length = this.#length - start;
    if (length > LARGEST_ATTRIBUTE) {
      return this.#fail(`netlink attribute ${type} of ${length - HEADER_SIZE} bytes is too long`);
    }
    this.#view.setUint16(start, length, true);
    return this;
  }

  /**
   * Returns the header and all attributes.
   * @throws {RangeError} the first error of any step.
   */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#error !== null) throw this.#error;
    return this.#bytes.slice(0, this.#length);
  }

  /** Like {@linkcode AttributeEncoder.finish}, and leaves no other copy of what was appended. */
  finishSecret(): Uint8Array<ArrayBuffer> {
    try {
      return this.finish();
    } finally {
      this.#bytes.fill(0);
    }
  }

  /**
   * Appends an attribute's header and room for its payload, and returns where the payload goes.
   * Replaces the buffer when it is full: look it up only afterwards.
   */
  #append(type: number, size: number): number {
    const at = this.#length;
    this.#length = at + align(HEADER_SIZE + size);
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(this.#length * 2);
      grown.set(this.#bytes);
      this.#bytes.fill(0); // it may hold secrets
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#view.setUint16(at, HEADER_SIZE + size, true);
    this.#view.setUint16(at + 2, type, true);
    return at + HEADER_SIZE;
  }

  #inRange(type: number, value: number, low: number, high: number): boolean {
    if (Number.isInteger(value) && value >= low && value <= high) return true;
    this.#fail(`${value} in netlink attribute ${type} must be from ${low} to ${high}`);
    return false;
  }

  #fail(message: string): this {
    this.#error ??= new RangeError(message);
    return this;
  }
}
