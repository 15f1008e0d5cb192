import { pooledBytes } from "./memory.ts";

/** An IP address family, by its version number. */
export type IpFamily = 4 | 6;

const DIGIT_0 = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;
const LETTER_A = 0x61;
const IPV6_GROUPS = 8;

/** An IPv4 or IPv6 address. Immutable: nobody may write to {@linkcode bytes}. */
export class IpAddress {
  private constructor(
    /** The address in network byte order: 4 or 16 bytes. */
    readonly bytes: Uint8Array,
  ) {}

  /** Wraps 4 or 16 bytes in network byte order, without a copy. Throws RangeError on other lengths. */
  static fromBytes(bytes: Uint8Array): IpAddress {
    if (bytes.length !== 4 && bytes.length !== 16) {
      throw new RangeError(`An IP address has 4 or 16 bytes, not ${bytes.length}`);
    }
    return new IpAddress(bytes);
  }

  /**
   * Parses what inet_pton(3) accepts: four decimal octets without leading zeros, or RFC 4291 section
   * 2.2 text. No short forms, host names, zones or surrounding space. Null for anything else. Only what
   * is in front of `end` is looked at.
   */
  static parse(text: string, end: number = text.length): IpAddress | null {
    const bytes = text.includes(":") ? parseIpv6(text, end) : parseIpv4(text, 0, end);
    return bytes === null ? null : new IpAddress(bytes);
  }

  /** 4 or 6. */
  get family(): IpFamily {
    return this.bytes.length === 4 ? 4 : 6;
  }

  /** Bits of an address of this family: 32 or 128. */
  get bits(): number {
    return this.bytes.length * 8;
  }

  /** Same family and same bytes. */
  equals(other: IpAddress): boolean {
    const a = this.bytes, b = other.bytes;
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }

  /** The text that inet_ntop(3) prints (RFC 5952; IPv4-mapped and -compatible ones end in dotted quads). */
  toString(): string {
    return formatIpAddress(this.bytes);
  }
}

/** An address and a prefix length in CIDR notation. Host bits may be set; see {@linkcode masked}. */
export class IpPrefix {
  /** Throws RangeError when `length` (in bits) is out of the family's range. */
  constructor(readonly address: IpAddress, readonly length: number) {
    if (!Number.isInteger(length) || length < 0 || length > address.bits) {
      throw new RangeError(`A prefix length of IPv${address.family} is 0 to ${address.bits}`);
    }
  }

  /** Parses `ADDRESS/LENGTH`, or `ADDRESS` for /32 or /128. Null for anything else. */
  static parse(text: string): IpPrefix | null {
    const slash = text.indexOf("/");
    const address = IpAddress.parse(text, slash < 0 ? text.length : slash);
    if (address === null) return null;
    const length = slash < 0 ? address.bits : parseDigits(text, slash + 1);
    return length <= address.bits ? new IpPrefix(address, length) : null;
  }

  /** 4 or 6. */
  get family(): IpFamily {
    return this.address.family;
  }

  /** Whether a bit behind the prefix length is set. */
  get hasHostBits(): boolean {
    const { bytes } = this.address;
    const whole = this.length >> 3;
    if (((bytes[whole] ?? 0) & 0xff >> (this.length & 7)) !== 0) return true;
    for (let i = whole + 1; i < bytes.length; i++) if (bytes[i] !== 0) return true;
    return false;
  }

  /** The same prefix with its host bits cleared. */
  masked(): IpPrefix {
    if (!this.hasHostBits) return this;
    const bytes = maskedBytes(this.address.bytes, this.length);
    return new IpPrefix(IpAddress.fromBytes(bytes), this.length);
  }

  /** Whether `other`, an address or a whole prefix, lies inside this prefix. */
  contains(other: IpAddress | IpPrefix): boolean {
    const address = other instanceof IpPrefix ? other.address : other;
    const length = other instanceof IpPrefix ? other.length : other.bits;
    if (address.family !== this.family || length < this.length) return false;
    const outside = maskedBytes(address.bytes, this.length);
    const inside = maskedBytes(this.address.bytes, this.length);
    return outside.every((byte, i) => byte === inside[i]);
  }

  /** Same address, host bits included, and same length. */
  equals(other: IpPrefix): boolean {
    return this.length === other.length && this.address.equals(other.address);
  }

  /** `ADDRESS/LENGTH`, always with the length. */
  toString(): string {
    return `${this.address}/${this.length}`;
  }
}

/** Formats 4 or 16 bytes in network byte order as inet_ntop(3) does. */
export function formatIpAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? formatIpv4(bytes, 0) : formatIpv6(bytes);
}

function maskedBytes(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.map((byte, i) => byte & maskOfByte(i, length));
}

/** The netmask's byte `index` for a prefix of `length` bits. */
function maskOfByte(index: number, length: number): number {
  const bits = Math.min(8, Math.max(0, length - index * 8));
  return 0xff << (8 - bits) & 0xff;
}

// The control socket parses very many of these: no regular expressions, no pieces of text.

/** The number that the rest of `text` is, all of it digits; NaN for anything else. */
function parseDigits(text: string, start: number): number {
  let value = start < text.length ? 0 : NaN;
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : NaN;
  }
  return value;
}

/** The address in `text` from `at` to `end`. */
function parseIpv4(text: string, at: number, end: number): Uint8Array | null {
  const bytes = pooledBytes(4);
  for (let i = 0; i < 4; i++) {
    if (i > 0 && (at === end || text.charCodeAt(at++) !== DOT)) return null;
    const start = at;
    let value = 0;
    for (; at < end && at < start + 3; at++) {
      const digit = text.charCodeAt(at) - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === start || value > 255) return null;
    if (at > start + 1 && text.charCodeAt(start) === DIGIT_0) return null;
    bytes[i] = value;
  }
  return at === end ? bytes : null;
}

/** The address in `text` up to `end`. */
function parseIpv6(text: string, end: number): Uint8Array | null {
  const bytes = pooledBytes(16);
  /** Bytes so far, and how many of them are before "::". */
  let size = 0, gap = -1;
  // Only "::" begins with a colon.
  let at = text.charCodeAt(0) === COLON ? 1 : 0;
  if (at === 1 && (end < 2 || text.charCodeAt(1) !== COLON)) return null;
  while (at < end) {
    const start = at;
    let value = 0;
    for (let digit; at < end && (digit = hexDigit(text.charCodeAt(at))) >= 0; at++) {
      value = value << 4 | digit;
    }
    const next = at < end ? text.charCodeAt(at) : 0;
    if (next === DOT) {
      // An IPv4 address may be the last two groups.
      const embedded = size <= 12 ? parseIpv4(text, start, end) : null;
      if (embedded === null) return null;
      bytes.set(embedded, size);
      size += 4;
      break;
    }
    if (at === start) {
      if (next !== COLON || gap >= 0) return null;
      gap = size;
      at++;
      continue;
    }
    if (at > start + 4 || size > 14) return null;
    bytes[size++] = value >> 8;
    bytes[size++] = value;
    if (at === end) break;
    // A colon separates groups and can't be the last character.
    if (next !== COLON || ++at === end) return null;
  }
  if (gap < 0) return size === 16 ? bytes : null;
  // "::" stands for at least one group of zeros.
  if (size === 16) return null;
  const tail = 16 - (size - gap);
  bytes.copyWithin(tail, gap, size);
  bytes.fill(0, gap, tail);
  return bytes;
}

/** 0 to 15; -1 for the code of what is no hex digit. */
export function hexDigit(code: number): number {
  const digit = code - DIGIT_0, letter = (code | 0x20) - LETTER_A;
  if (digit >= 0 && digit <= 9) return digit;
  return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}

/** Four bytes from `at` on. */
function formatIpv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function formatIpv6(bytes: Uint8Array): string {
  const { start, length } = longestZeroRun(bytes);
  const embedsIpv4 = start === 0 &&
    (length === 6 || (length === 5 && groupAt(bytes, 5) === 0xffff));
  if (embedsIpv4) {
    return (length === 6 ? "::" : "::ffff:") + formatIpv4(bytes, 12);
  }
  if (length < 2) return groupsText(bytes, 0, IPV6_GROUPS);
  return groupsText(bytes, 0, start) + "::" + groupsText(bytes, start + length, IPV6_GROUPS);
}

function groupAt(bytes: Uint8Array, group: number): number {
  return (bytes[2 * group] ?? 0) << 8 | (bytes[2 * group + 1] ?? 0);
}

/** Groups `start` to `end` - 1 in hex, with colons between them. */
function groupsText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let group = start; group < end; group++) {
    text += (group > start ? ":" : "") + groupAt(bytes, group).toString(16);
  }
  return text;
}

/** The first longest run of zero groups (RFC 5952 section 4.2.3). */
function longestZeroRun(bytes: Uint8Array): { start: number; length: number } {
  const best = { start: 0, length: 0 };
  let length = 0;
  for (let group = 0; group < IPV6_GROUPS; group++) {
    length = groupAt(bytes, group) === 0 ? length + 1 : 0;
    if (length > best.length) {
      best.length = length;
      best.start = group - length + 1;
    }
  }
  return best;
}
