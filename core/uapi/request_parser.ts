import { KEY_SIZE } from "../crypto/crypto.ts";
import { hexDigit, IpPrefix } from "../ip.ts";
import { HEX_KEY_LENGTH, hexValue } from "../keys.ts";
import { secretBytes } from "../memory.ts";
import { decodePeerName } from "../peer_name.ts";
import { findShowField } from "../show/field_names.ts";
import type { UapiAllowedIpLine } from "./allowed_ip_line.ts";
import { parseUapiNumber } from "./client.ts";
import { EINVAL, EIO, EPROTO, type UapiCommand, type UapiEvent } from "./command.ts";
import { decodeEndpoint, parseNameServerList } from "./named_endpoints.ts";
import { isPrintableName, type PrintFormat, type PrintRequest } from "./print_request.ts";
import { parseUapiEndpoint } from "./values.ts";

/** Bytes of the longest line that is read; the longest valid one has about 110. */
export const MAX_LINE_LENGTH = 1024;

const NEWLINE = 0x0a;
const EQUALS = 0x3d;

/**
 * Where the reader is: between requests; in the lines of a `get`, a `status`, `events` or a `print`; in the
 * device's or a peer's lines of a `set`; or behind an error, reading to the end of the request.
 */
type State = "operation" | "get" | "status" | "events" | "print" | "device" | "peer" | "skip";

const NOTHING_TO_PRINT: PrintRequest = {
  format: "show",
  name: "",
  prefixed: false,
  showKeys: false,
  color: false,
};

/**
 * The server's reader of the control protocol: bytes in, as they come, {@linkcode UapiEvent}s out.
 *
 * Feed it with {@linkcode push}, then call {@linkcode next} until it returns null before feeding more;
 * it holds no more than the last `push` and one line. After an error it skips to the end of that
 * request, so that the next one on the connection is understood. Bytes already read are wiped, but for
 * those of allowed IPs, and keys are never made into strings.
 */
export class UapiRequestParser {
  #state: State = "operation";
  #buffer: Uint8Array = new Uint8Array(MAX_LINE_LENGTH);
  /** The bytes not read yet are those from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  /** Up to where those bytes are known to hold no newline. */
  #searched = 0;
  #closed = false;
  /** As far as its lines have been read. */
  #print: PrintRequest = NOTHING_TO_PRINT;
  /** The last private or preshared key. */
  readonly #secret = secretBytes(KEY_SIZE);

  /** True between requests, when the other side may close without harm. */
  get idle(): boolean {
    return this.#state === "operation" && this.#start === this.#end;
  }

  /** Adds bytes from the connection; they are copied. */
  push(bytes: Uint8Array): void {
    const pending = this.#end - this.#start;
    const old = this.#buffer;
    if (pending + bytes.length > old.length) {
      this.#buffer = new Uint8Array(pending + bytes.length + MAX_LINE_LENGTH);
    }
    this.#buffer.set(old.subarray(this.#start, this.#end));
    this.#buffer.set(bytes, pending);
    old.fill(0, this.#buffer === old ? pending + bytes.length : 0);
    this.#searched -= this.#start;
    this.#start = 0;
    this.#end = pending + bytes.length;
  }

  /** The other side closes: a last line without newline counts, and ends a `set` like a blank line. */
  close(): void {
    this.#closed = true;
  }

  /** The server refused a command: the rest of its request is skipped. */
  refuse(): void {
    if (this.#state !== "operation") this.#state = "skip";
  }

  /** The next event, or null when more bytes are needed. */
  next(): UapiEvent | null {
    for (;;) {
      // What lies behind the end is zero.
      const newline = this.#buffer.indexOf(NEWLINE, this.#searched);
      let lineEnd = newline;
      if (newline < 0) {
        this.#searched = this.#end;
        if (this.#end - this.#start > MAX_LINE_LENGTH) return this.#overflow();
        if (!this.#closed) return null;
        if (this.#start === this.#end) return this.#endOfInput();
        lineEnd = this.#end;
      }
      const start = this.#start;
      this.#start = this.#searched = newline < 0 ? lineEnd : lineEnd + 1;
      const tooLong = lineEnd - start > MAX_LINE_LENGTH && this.#state !== "skip";
      const event = tooLong ? this.#tooLong() : this.#readLine(start, lineEnd);
      this.#buffer.fill(0, start, lineEnd);
      if (event !== null) return event;
    }
  }

  /**
   * Reads the next line into `line` if it is an `allowed_ip` of a peer that {@linkcode UapiAllowedIpLine}
   * reads, and has arrived completely. Otherwise it reads nothing and returns false, and {@linkcode next}
   * tells what there is. This makes neither text nor objects of a line.
   */
  readAllowedIp(line: UapiAllowedIpLine): boolean {
    if (this.#state !== "peer") return false;
    const next = line.read(this.#buffer, this.#start);
    if (next < 0) return false;
    this.#start = this.#searched = next;
    return true;
  }

  #endOfInput(): UapiEvent | null {
    const inSet = this.#state === "device" || this.#state === "peer";
    this.#state = "operation";
    return inSet ? { kind: "end" } : null;
  }

  /** A line that is longer than the limit and hasn't ended: what there is of it is dropped. */
  #overflow(): UapiEvent | null {
    this.#buffer.fill(0, this.#start, this.#end);
    // One byte stays, so that the newline still to come doesn't look like a blank line.
    this.#start = this.#end - 1;
    return this.#state === "skip" ? null : this.#tooLong();
  }

  #tooLong(): UapiEvent {
    if (this.#state === "operation") return { kind: "close" };
    return this.#error(EIO, `a line has more than ${MAX_LINE_LENGTH} bytes`);
  }

  #error(errno: number, problem: string): UapiEvent {
    this.#state = "skip";
    return { kind: "error", errno, problem };
  }

  /** One line without its newline; null when it leads to no event. */
  #readLine(start: number, end: number): UapiEvent | null {
    switch (this.#state) {
      case "operation":
        return this.#readOperation(start, end);
      case "skip":
        if (start === end) this.#state = "operation";
        return null;
      case "get":
      case "status":
      case "events": {
        const kind = this.#state;
        if (start !== end) return this.#error(EINVAL, `a line follows ${kind}=1`);
        this.#state = "operation";
        return { kind };
      }
      case "print":
        return this.#readPrint(start, end);
      case "device":
      case "peer":
        if (start !== end) return this.#readSetting(start, end);
        this.#state = "operation";
        return { kind: "end" };
    }
  }

  #readOperation(start: number, end: number): UapiEvent | null {
    const operation = this.#text(start, end);
    switch (operation) {
      case "get=1":
        this.#state = "get";
        return null;
      case "status=1":
        this.#state = "status";
        return null;
      case "events=1":
        this.#state = "events";
        return null;
      case "set=1":
        this.#state = "device";
        return { kind: "set" };
      default: {
        const format = printFormat(operation);
        if (format === null) return { kind: "close" };
        this.#print = { ...NOTHING_TO_PRINT, format };
        this.#state = "print";
        return null;
      }
    }
  }

  #readPrint(start: number, end: number): UapiEvent | null {
    const request = this.#print;
    if (start === end) {
      this.#state = "operation";
      return request.name === ""
        ? { kind: "error", errno: EINVAL, problem: "print has no name" }
        : { kind: "print", request };
    }
    const line = this.#text(start, end), equals = line.indexOf("=");
    const key = line.slice(0, equals), value = line.slice(equals + 1);
    if (key === "name" && isPrintableName(value)) this.#print = { ...request, name: value };
    else if (key === "prefixed" && value === "true") this.#print = { ...request, prefixed: true };
    else if (key === "show_keys" && value === "true") this.#print = { ...request, showKeys: true };
    else if (key === "color" && value === "true") this.#print = { ...request, color: true };
    else return this.#error(EINVAL, `invalid line ${quoteKey(key)} of print`);
    return null;
  }

  #readSetting(start: number, end: number): UapiEvent {
    const equals = this.#buffer.indexOf(EQUALS, start);
    if (equals < 0 || equals >= end) return this.#error(EPROTO, "a line has no =");
    const key = this.#text(start, equals);
    if (key === "public_key") this.#state = "peer";
    const readers = this.#state === "device" ? DEVICE_READERS : PEER_READERS;
    const reader = readers.get(key);
    if (reader === undefined) {
      return this.#error(EINVAL, `unknown ${this.#state} key ${quoteKey(key)}`);
    }
    const command = reader(this.#buffer.subarray(equals + 1, end), this.#secret);
    return command ?? this.#error(EINVAL, `invalid value of ${key}`);
  }

  #text(start: number, end: number): string {
    return asciiText(this.#buffer.subarray(start, end));
  }
}

/** What the line `print=FORMAT` asks for; null when it is no such line. */
function printFormat(line: string): PrintFormat | null {
  const format = line.startsWith("print=") ? line.slice("print=".length) : "";
  return format === "show" || format === "showconf" ? format : findShowField(format);
}

/** The command that a value means, or null when the value is invalid. A secret is written to `secret`. */
type Reader = (value: Uint8Array, secret: Uint8Array) => UapiCommand | null;

const DEVICE_READERS: ReadonlyMap<string, Reader> = new Map([
  ["private_key", secretReader("private_key")],
  ["listen_port", numberReader("listen_port", 0xffff)],
  ["fwmark", numberReader("fwmark", 0xffff_ffff)],
  ["replace_peers", constantReader("replace_peers", "true")],
  ["name_servers", readNameServers],
  ["follow_system_resolver", readFollowSystemResolver],
  ["reresolve_interval", numberReader("reresolve_interval", 0xffff)],
]);

const PEER_READERS: ReadonlyMap<string, Reader> = new Map([
  ["public_key", readPublicKey],
  ["update_only", constantReader("update_only", "true")],
  ["remove", constantReader("remove", "true")],
  ["preshared_key", secretReader("preshared_key")],
  ["endpoint", endpointReader("endpoint")],
  ["persistent_keepalive_interval", numberReader("persistent_keepalive_interval", 0xffff)],
  ["replace_allowed_ips", constantReader("replace_allowed_ips", "true")],
  ["allowed_ip", readAllowedIp],
  ["name", readName],
  ["endpoint_address", endpointReader("endpoint_address")],
  ["fallback_endpoint", readFallbackEndpoint],
  ["endpoint_name", readEndpointName],
  ["protocol_version", constantReader("protocol_version", "1")],
]);

function secretReader(kind: "private_key" | "preshared_key"): Reader {
  return (value, secret) => decodeSecret(value, secret) ? { kind, value: secret } : null;
}

/** As `parsePublicHexKey`, from bytes. */
function readPublicKey(digits: Uint8Array): UapiCommand | null {
  if (digits.length !== HEX_KEY_LENGTH) return null;
  const key = new Uint8Array(KEY_SIZE);
  let valid = 0;
  for (let i = 0; i < KEY_SIZE; i++) {
    const high = hexDigit(digits[2 * i] ?? 0), low = hexDigit(digits[2 * i + 1] ?? 0);
    valid |= high | low;
    key[i] = high << 4 | low;
  }
  return valid < 0 ? null : { kind: "public_key", value: key };
}

function numberReader(
  kind: "listen_port" | "fwmark" | "persistent_keepalive_interval" | "reresolve_interval",
  limit: number,
): Reader {
  return (value) => {
    const number = parseUapiNumber(asciiText(value), limit);
    return number === null ? null : { kind, value: number };
  };
}

function constantReader(
  kind: "replace_peers" | "update_only" | "remove" | "replace_allowed_ips" | "protocol_version",
  constant: string,
): Reader {
  return (value) => asciiText(value) === constant ? { kind } : null;
}

function endpointReader(kind: "endpoint" | "endpoint_address"): Reader {
  return (value) => {
    const endpoint = parseUapiEndpoint(asciiText(value));
    return endpoint === null ? null : { kind, value: endpoint };
  };
}

function readFallbackEndpoint(value: Uint8Array): UapiCommand | null {
  const endpoint = decodeEndpoint(asciiText(value));
  return endpoint === null ? null : { kind: "fallback_endpoint", value: endpoint };
}

function readEndpointName(value: Uint8Array): UapiCommand | null {
  if (value.length === 0) return { kind: "endpoint_name", value: null };
  const endpoint = decodeEndpoint(asciiText(value));
  return endpoint === null ? null : { kind: "endpoint_name", value: endpoint };
}

function readNameServers(value: Uint8Array): UapiCommand | null {
  const servers = parseNameServerList(asciiText(value));
  return servers === null ? null : { kind: "name_servers", value: servers };
}

function readFollowSystemResolver(value: Uint8Array): UapiCommand | null {
  const text = asciiText(value);
  if (text !== "true" && text !== "false") return null;
  return { kind: "follow_system_resolver", value: text === "true" };
}

function readAllowedIp(value: Uint8Array): UapiCommand | null {
  const text = asciiText(value);
  const remove = text.startsWith("-");
  // Unlike in a config, the length is required, and it has no leading zeros.
  const slash = text.indexOf("/");
  if (slash < 0 || (text[slash + 1] === "0" && slash + 2 < text.length)) return null;
  const prefix = IpPrefix.parse(remove ? text.slice(1) : text);
  return prefix === null ? null : { kind: "allowed_ip", value: prefix, remove };
}

function readName(value: Uint8Array): UapiCommand | null {
  if (value.length === 0) return { kind: "name", value: null };
  const name = decodePeerName(asciiText(value));
  return name === null ? null : { kind: "name", value: name };
}

/** What isn't like any key of the protocol may be a piece of a secret, and the log must not have it. */
function quoteKey(key: string): string {
  return /^[a-z_]{1,32}$/.test(key) ? `"${key}"` : `of ${key.length} characters`;
}

/** Bytes beyond ASCII become characters that no key or value has. */
function asciiText(bytes: Uint8Array): string {
  // To spread them takes ten times as long.
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** As `parseHexKey`, from bytes to `key`: a string of a secret could never be wiped. */
function decodeSecret(digits: Uint8Array, key: Uint8Array): boolean {
  if (digits.length !== HEX_KEY_LENGTH) return false;
  let valid = 0;
  for (let i = 0; i < KEY_SIZE; i++) {
    const high = hexValue(digits[2 * i] ?? 0), low = hexValue(digits[2 * i + 1] ?? 0);
    valid |= high | low;
    key[i] = high << 4 | low;
  }
  if (valid < 0) key.fill(0);
  return valid >= 0;
}
