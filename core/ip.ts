/** An IP address family, by its version number. */
export type IpFamily = 4 | 6;

const DIGIT_0 = 0x30;
const DOT = 0x2e;
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
   * 2.2 text. No short forms, host names, zones or surrounding space. Null for anything else.
   */
  static parse(text: string): IpAddress | null {
    const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
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
    const address = IpAddress.parse(slash < 0 ? text : text.slice(0, slash));
    if (address === null) return null;
    if (slash < 0) return new IpPrefix(address, address.bits);
    const digits = text.slice(slash + 1);
    if (!/^[0-9]+$/.test(digits) || Number(digits) > address.bits) return null;
    return new IpPrefix(address, Number(digits));
  }

  /** 4 or 6. */
  get family(): IpFamily {
    return this.address.family;
  }

  /** Whether a bit behind the prefix length is set. */
  get hasHostBits(): boolean {
    return this.address.bytes.some((byte, i) => (byte & ~maskOfByte(i, this.length)) !== 0);
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
  return bytes.length === 4 ? bytes.join(".") : formatIpv6(bytes);
}

function maskedBytes(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.map((byte, i) => byte & maskOfByte(i, length));
}

/** The netmask's byte `index` for a prefix of `length` bits. */
function maskOfByte(index: number, length: number): number {
  const bits = Math.min(8, Math.max(0, length - index * 8));
  return 0xff << (8 - bits) & 0xff;
}

/** The control socket parses very many of these: no regular expressions, no pieces of text. */
function parseIpv4(text: string): Uint8Array | null {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let i = 0; i < 4; i++) {
    if (i > 0 && text.charCodeAt(at++) !== DOT) return null;
    const start = at;
    let value = 0;
    for (; at < text.length && at < start + 3; at++) {
      const digit = text.charCodeAt(at) - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === start || value > 255) return null;
    if (at > start + 1 && text.charCodeAt(start) === DIGIT_0) return null;
    bytes[i] = value;
  }
  return at === text.length ? bytes : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const gap = text.indexOf("::");
  if (gap < 0) {
    const bytes = parseGroups(text);
    return bytes?.length === 16 ? Uint8Array.from(bytes) : null;
  }
  const head = text.slice(0, gap), tail = text.slice(gap + 2);
  const before = head === "" ? [] : head.includes(".") ? null : parseGroups(head);
  const after = tail === "" ? [] : parseGroups(tail);
  if (before === null || after === null) return null;
  // "::" stands for at least one group of zeros.
  if (before.length + after.length > 2 * (IPV6_GROUPS - 1)) return null;
  const bytes = new Uint8Array(16);
  bytes.set(before, 0);
  bytes.set(after, 16 - after.length);
  return bytes;
}

/** Groups of 1 to 4 hex digits; the last may be an IPv4 address, which counts as two groups. */
function parseGroups(text: string): number[] | null {
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (group.includes(".")) {
      const embedded = i === groups.length - 1 ? parseIpv4(group) : null;
      if (embedded === null) return null;
      bytes.push(...embedded);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

function formatIpv6(bytes: Uint8Array): string {
  const { start, length } = longestZeroRun(bytes);
  const embedsIpv4 = start === 0 &&
    (length === 6 || (length === 5 && groupAt(bytes, 5) === 0xffff));
  if (embedsIpv4) {
    return (length === 6 ? "::" : "::ffff:") + bytes.subarray(12).join(".");
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
