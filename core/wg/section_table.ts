/** Where the values of a file's `[Peer]` sections are, found without reading what they mean. */

import { IpAddress } from "../ip.ts";
import { BASE64_KEY_LENGTH } from "../keys.ts";
import { decimal, digitsEnd, isAt, isSameAt, readIpv4 } from "../ascii_text.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const HASH = 0x23;
const COLON = 0x3a;
const EQUALS = 0x3d;
const BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;

const encoder = new TextEncoder();
const PEER_HEADER = encoder.encode("[Peer]");
const INTERFACE_HEADER = encoder.encode("[Interface]");
const KEYS: readonly Uint8Array[] = [
  "PublicKey",
  "PresharedKey",
  "Endpoint",
  "PersistentKeepalive",
  "AllowedIPs",
].map((name) => encoder.encode(name));

/** A key of a `[Peer]` section, by its number. */
export const PUBLIC_KEY = 0, PRESHARED_KEY = 1, ENDPOINT = 2, KEEPALIVE = 3, ALLOWED_IPS = 4;

/**
 * What is kept of a section: where it begins, what it is, and where the value of each key begins and
 * ends.
 */
const START = 0, KIND = 1, VALUES = 2, SECTION_SIZE = 2 + 2 * KEYS.length;
const INITIAL_SECTIONS = 1024;
/** Kinds of sections. */
const OTHER = 0, PEER = 1;

/** Places of the table of public keys that are looked at for one: who chose the keys mustn't make it slow. */
const MOST_PLACES = 128;
/** A port has no more. */
const PORT_DIGITS = 5;

/** The sections of a file, if it is plain. */
export class SectionTable {
  readonly #file: Uint8Array;
  #sections = new Int32Array(INITIAL_SECTIONS * SECTION_SIZE);
  #count = 0;
  #isPeer = false;
  #hasPeers = false;
  #isPlain = true;
  /** By the public key's hash: a section's number plus one, or 0. A power of two of places. */
  readonly #byKey: Int32Array;

  /** The sections of `file`, which is kept. */
  constructor(file: Uint8Array) {
    this.#file = file;
    for (let at = 0; at < file.length && this.#isPlain;) {
      const newline = file.indexOf(NEWLINE, at);
      const end = newline < 0 ? file.length : newline;
      this.#readLine(at, end);
      at = end + 1;
    }
    this.#byKey = new Int32Array(1 << (33 - Math.clz32(this.#count)));
    for (let section = 0; section < this.#count; section++) this.#enter(section);
  }

  /** Whether there is a `[Peer]` section. */
  get hasPeers(): boolean {
    return this.#hasPeers;
  }

  /** How many sections there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * Whether all lines of peers are spelled as in wg(8), have one value each, and name no host and no service
   * that would have to be looked up. If not, this doesn't know all sections.
   */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** Where a section begins; for `count`, where the last one ends. */
  start(section: number): number {
    return section < this.#count ? this.#field(section, START) : this.#file.length;
  }

  /** Whether a section is a `[Peer]` section, and the only one with its public key. */
  isComparable(section: number): boolean {
    return this.#field(section, KIND) === PEER;
  }

  /** Where the value of a key begins; 0 when the section doesn't have that key. */
  value(section: number, key: number): number {
    return this.#field(section, VALUES + 2 * key);
  }

  /** Where the value of a key ends. */
  valueEnd(section: number, key: number): number {
    return this.#field(section, VALUES + 2 * key + 1);
  }

  /** Whether the value of a key is what stands in `text` from `start` to `end`. */
  says(section: number, key: number, text: Uint8Array, start: number, end: number): boolean {
    const at = this.value(section, key);
    return at > 0 && this.valueEnd(section, key) - at === end - start &&
      isSameAt(this.#file, at, text, start, end - start);
  }

  /**
   * The section whose public key is the one at `at` of `text`, in base64; -1 when there is none. It is
   * looked for in `likely` first.
   */
  find(text: Uint8Array, at: number, likely: number): number {
    if (this.says(likely, PUBLIC_KEY, text, at, at + BASE64_KEY_LENGTH)) return likely;
    const place = this.#place(text, at);
    return place < 0 ? -1 : (this.#byKey[place] ?? 0) - 1;
  }

  #field(section: number, field: number): number {
    return section < this.#count ? this.#sections[section * SECTION_SIZE + field] ?? 0 : 0;
  }

  #setOther(section: number): void {
    this.#sections[section * SECTION_SIZE + KIND] = OTHER;
  }

  #readLine(at: number, end: number): void {
    const first = this.#file[at];
    if (first === BRACKET) this.#beginSection(at, end);
    else if (at === end || first === HASH) return;
    else if (this.#isPeer) this.#readSetting(at, end);
    // It might be the header of a section, behind white space.
    else if (!isLetter(first)) this.#isPlain = false;
  }

  #beginSection(at: number, end: number): void {
    const base = this.#count++ * SECTION_SIZE;
    if (base >= this.#sections.length) {
      const old = this.#sections;
      this.#sections = new Int32Array(2 * old.length);
      this.#sections.set(old);
    }
    this.#isPeer = isLine(this.#file, at, end, PEER_HEADER);
    if (this.#isPeer) this.#hasPeers = true;
    else if (!isLine(this.#file, at, end, INTERFACE_HEADER)) this.#isPlain = false;
    this.#sections[base + START] = at;
    this.#sections[base + KIND] = this.#isPeer ? PEER : OTHER;
  }

  #readSetting(at: number, end: number): void {
    const section = this.#count - 1;
    const key = keyAt(this.#file, at);
    const value = key < 0 ? end : valueAt(this.#file, at + (KEYS[key]?.length ?? 0));
    const isKey = key === PUBLIC_KEY || key === PRESHARED_KEY;
    const isGood = value > 0 && value < end && (!isKey || end - value === BASE64_KEY_LENGTH) &&
      (key !== ENDPOINT || isLiteral(this.#file, value, end)) && this.value(section, key) === 0;
    if (!isGood) {
      this.#isPlain = false;
      return;
    }
    const place = section * SECTION_SIZE + VALUES + 2 * key;
    this.#sections[place] = value;
    this.#sections[place + 1] = end;
  }

  /** Enters a section by its public key; if another one has that, neither is comparable. */
  #enter(section: number): void {
    const at = this.value(section, PUBLIC_KEY);
    if (at === 0) return this.#setOther(section);
    const place = this.#place(this.#file, at);
    if (place < 0) {
      this.#isPlain = false;
      return;
    }
    const other = (this.#byKey[place] ?? 0) - 1;
    if (other < 0) {
      this.#byKey[place] = section + 1;
    } else {
      this.#setOther(section);
      this.#setOther(other);
    }
  }

  /**
   * The place in `#byKey` of the public key at `at` of `text`: an empty one, or that of its section; -1 when
   * too many are taken.
   */
  #place(text: Uint8Array, at: number): number {
    const mask = this.#byKey.length - 1;
    const first = publicKeyHash(text, at);
    for (let i = 0; i < MOST_PLACES; i++) {
      const place = first + i & mask;
      const section = (this.#byKey[place] ?? 0) - 1;
      const isFree = section < 0;
      if (isFree || this.says(section, PUBLIC_KEY, text, at, at + BASE64_KEY_LENGTH)) return place;
    }
    return -1;
  }
}

/** Which key is at `at`; -1 when it is none of a peer's, or spelled in another way. */
function keyAt(file: Uint8Array, at: number): number {
  const second = file[at + 1];
  for (let key = 0; key < KEYS.length; key++) {
    const name = KEYS[key];
    if (name !== undefined && name[1] === second && isAt(file, at, name)) return key;
  }
  return -1;
}

/**
 * Where the value begins behind the equals sign at `at`, with spaces or without; -1 without an equals
 * sign.
 */
function valueAt(file: Uint8Array, at: number): number {
  while (file[at] === SPACE) at++;
  if (file[at++] !== EQUALS) return -1;
  while (file[at] === SPACE) at++;
  return at;
}

/** Whether an endpoint is an IP address, IPv6 in brackets and maybe with a zone, and the number of a port. */
function isLiteral(file: Uint8Array, at: number, end: number): boolean {
  const colon = file[at] === BRACKET ? ipv6End(file, at, end) : readIpv4(file, at, address);
  return colon > 0 && file[colon] === COLON && digitsEnd(file, colon + 1, PORT_DIGITS) === end &&
    decimal(file, colon + 1, end) <= 0xffff;
}

const address = new Uint8Array(4);
const decoder = new TextDecoder();

/** Where the IPv6 address in brackets from `at` on ends; -1 when it isn't one. */
function ipv6End(file: Uint8Array, at: number, end: number): number {
  const bracket = file.subarray(at, end).indexOf(CLOSING_BRACKET);
  if (bracket < 0) return -1;
  const [text = ""] = decoder.decode(file.subarray(at + 1, at + bracket)).split("%", 1);
  return text.includes(":") && IpAddress.parse(text) !== null ? at + bracket + 1 : -1;
}

function isLine(file: Uint8Array, at: number, end: number, line: Uint8Array): boolean {
  return end - at === line.length && isAt(file, at, line);
}

function isLetter(code = 0): boolean {
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
}

/** FNV-1a of the public key in base64 at `at` of `text`; its lowest bits are its first place in the table. */
export function publicKeyHash(text: Uint8Array, at: number): number {
  let hash = 0x811c_9dc5 | 0;
  for (let i = at; i < at + BASE64_KEY_LENGTH; i++) {
    hash = Math.imul(hash ^ (text[i] ?? 0), 0x0100_0193);
  }
  // The low bits of a product know little of the high ones.
  return hash ^ hash >>> 15;
}
