import { formatIpAddress } from "../ip.ts";
import { BASE64_KEY_LENGTH, HEX_KEY_LENGTH, writeHexKey, writeKey } from "../keys.ts";

/** Bytes of a chunk, unless told otherwise. */
const CHUNK_SIZE = 4096;
/** More bytes than any one line or a peer's lines before its allowed IPs take. */
const HEADROOM = 1024;

/** Characters of a text for which a loop is faster than a call into the runtime. */
const SHORT = 64;

const NEWLINE = 0x0a;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const encoder = new TextEncoder();
const ALLOWED_IP = encoder.encode("allowed_ip=");

/**
 * A part of a request or an answer of the control protocol: ASCII text in one reused buffer, which can
 * be wiped, unlike a string.
 */
export class UapiChunk {
  readonly #size: number;
  readonly #buffer: Uint8Array;
  #length = 0;

  /** It is to be handed out once it holds `size` bytes. */
  constructor(size: number = CHUNK_SIZE) {
    this.#size = size;
    this.#buffer = new Uint8Array(size + HEADROOM);
  }

  /** Whether it should be handed out before more is added. */
  get isFull(): boolean {
    return this.#length >= this.#size;
  }

  /**
   * Appends as much of an ASCII text of any length, from character `at` on, as it takes until it is full.
   * Gives where it stopped. Long texts take a fraction of the time that {@linkcode text} takes. Not to be
   * called when it is full.
   */
  fill(text: string, at: number): number {
    if (text.length < SHORT) {
      this.text(text.slice(at));
      return text.length;
    }
    const room = this.#buffer.subarray(this.#length, this.#size);
    const { read } = encoder.encodeInto(text.slice(at), room);
    this.#length += read;
    return at + read;
  }

  /** Appends ASCII text. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#buffer[this.#length++] = text.charCodeAt(i);
  }

  /** Appends `KEY=VALUE` and a newline. */
  line(key: string, value: string | number): void {
    this.text(key);
    this.text("=");
    this.text(typeof value === "string" ? value : String(value));
    this.text("\n");
  }

  /** Appends `NAME=` and the key in hex digits, never made into a string. */
  key(name: string, key: Uint8Array): void {
    this.text(name);
    this.text("=");
    writeHexKey(key, this.#buffer, this.#length);
    this.#length += HEX_KEY_LENGTH;
    this.text("\n");
  }

  /** Appends the key in base64, never made into a string. */
  base64Key(key: Uint8Array): void {
    writeKey(key, this.#buffer, this.#length);
    this.#length += BASE64_KEY_LENGTH;
  }

  /** Appends the line of an allowed IP; `address` has 4 or 16 bytes, network byte order. */
  allowedIp(address: Uint8Array, prefixLength: number): void {
    this.#buffer.set(ALLOWED_IP, this.#length);
    this.#length += ALLOWED_IP.length;
    this.prefix(address, prefixLength);
    this.#buffer[this.#length++] = NEWLINE;
  }

  /** Appends `ADDRESS/LENGTH`; `address` has 4 or 16 bytes, network byte order. The slash may be coloured. */
  prefix(address: Uint8Array, prefixLength: number, slash = "/"): void {
    this.address(address);
    this.text(slash);
    this.#decimal(prefixLength);
  }

  /** Appends an IP address of 4 or 16 bytes, network byte order. */
  address(address: Uint8Array): void {
    if (address.length === 4) {
      for (let i = 0; i < 4; i++) {
        if (i > 0) this.#buffer[this.#length++] = DOT;
        this.#decimal(address[i] ?? 0);
      }
    } else {
      this.text(formatIpAddress(address));
    }
  }

  /** Appends a number of up to three digits. */
  #decimal(value: number): void {
    if (value >= 100) this.#buffer[this.#length++] = DIGIT_0 + Math.trunc(value / 100);
    if (value >= 10) this.#buffer[this.#length++] = DIGIT_0 + Math.trunc(value / 10) % 10;
    this.#buffer[this.#length++] = DIGIT_0 + value % 10;
  }

  /** What was appended, valid until more is. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Overwrites all that it ever held. */
  wipe(): void {
    this.#buffer.fill(0);
  }
}
