/**
 * The values of wg(8)'s keys. Each parser takes a value without white space and throws
 * {@linkcode ValueError} saying what was expected. No message holds a key.
 */

import { quote } from "../hidden_keys.ts";
import { IpAddress, IpPrefix } from "../ip.ts";
import { BASE64_KEY_LENGTH, parseKey } from "../keys.ts";
import type { ConfigEndpoint } from "./types.ts";

/** A value that can't be accepted; the message says why, not where. */
export class ValueError extends Error {
  /** "ValueError". */
  override readonly name = "ValueError";

  /** An error that says `message`. */
  constructor(
    message: string,
    /** The item at fault of a list. */
    readonly item?: string,
    /** What is wrong with other items of the list. */
    readonly others: readonly ValueError[] = [],
  ) {
    super(message);
  }
}

/** Reads the `items` of a list in order. Throws one {@linkcode ValueError} for all that `read` throws. */
export function readItems(items: readonly string[], read: (item: string) => void): void {
  const errors: ValueError[] = [];
  for (const item of items) {
    try {
      read(item);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      errors.push(new ValueError(error.message, item));
    }
  }
  const [first, ...others] = errors;
  if (first !== undefined) throw new ValueError(first.message, first.item, others);
}

/** The UDP port of a service name such as `domain` (services(5)), or null. */
export type ServicePort = (name: string) => number | null;

/** A key in base64: 44 characters in the canonical spelling. */
export function parseKeyValue(text: string): Uint8Array {
  const key = parseKey(text);
  if (key !== null) return key;
  if (text.length !== BASE64_KEY_LENGTH) {
    throw new ValueError(`a key has ${BASE64_KEY_LENGTH} characters of base64, not ${text.length}`);
  }
  throw new ValueError(
    `a key is ${BASE64_KEY_LENGTH} characters of base64 as "wg genkey" prints it`,
  );
}

/** Decimal digits, at most `limit`; null otherwise. */
export function parseDecimal(text: string, limit: number): number | null {
  if (!/^[0-9]+$/.test(text)) return null;
  const value = Number(text);
  return value <= limit ? value : null;
}

/** A port to listen on, 0 to 65535, or a service name. */
export function parsePort(text: string, servicePort: ServicePort): number {
  const port = parseDecimal(text, 0xffff) ?? namedPort(text, servicePort);
  if (port === null) throw new ValueError("expected a port from 0 to 65535");
  return port;
}

function namedPort(text: string, servicePort: ServicePort): number | null {
  // Service names have a letter (RFC 6335 section 5.1).
  return /^[A-Za-z0-9-]*[A-Za-z][A-Za-z0-9-]*$/.test(text) ? servicePort(text) : null;
}

/** A packet mark: 32 bits in decimal or with `0x`, or `off`. */
export function parseFwmark(text: string): number {
  if (/^off$/i.test(text)) return 0;
  const value = /^0x[0-9a-fA-F]+$/.test(text) ? Number(text) : parseDecimal(text, 0xffff_ffff);
  if (value === null || value > 0xffff_ffff) {
    throw new ValueError("expected 0 to 4294967295, 0x0 to 0xffffffff or off");
  }
  return value;
}

/** Seconds between keepalives, 0 to 65535, or `off`. */
export function parseKeepalive(text: string): number {
  if (/^off$/i.test(text)) return 0;
  const seconds = parseDecimal(text, 0xffff);
  if (seconds === null) throw new ValueError("expected 0 to 65535 seconds or off");
  return seconds;
}

/** An allowed IP as a list names it. */
export interface SignedAllowedIp {
  /** As written, host bits included. */
  readonly prefix: IpPrefix;
  /** `+` or `-` in front: changes what the peer has. "": belongs to a list that replaces it. */
  readonly sign: "" | "+" | "-";
}

/** Addresses with or without prefix length, separated by commas. */
export function parseAllowedIps(text: string): SignedAllowedIp[] {
  const allowedIps: SignedAllowedIp[] = [];
  readItems(text.split(","), (item) => allowedIps.push(parseAllowedIp(item)));
  return allowedIps;
}

/** One of {@linkcode parseAllowedIps}. */
export function parseAllowedIp(text: string): SignedAllowedIp {
  const sign = text.startsWith("+") ? "+" : text.startsWith("-") ? "-" : "";
  return { prefix: parsePrefix(sign === "" ? text : text.slice(1)), sign };
}

/** An address with or without prefix length. */
export function parsePrefix(text: string): IpPrefix {
  const prefix = IpPrefix.parse(text);
  if (prefix !== null) return prefix;
  if (text === "") throw new ValueError("expected an IP address");
  const slash = text.indexOf("/");
  const address = IpAddress.parse(slash < 0 ? text : text.slice(0, slash));
  if (address === null) {
    throw new ValueError(`${quote(text)} is not an IPv4 or IPv6 address with a prefix length`);
  }
  const isNumber = /^[0-9]+$/.test(text.slice(slash + 1));
  throw new ValueError(
    isNumber
      ? `prefix must be <= ${address.bits}`
      : `the prefix length of ${quote(text)} must be a number`,
  );
}

/** `HOST:PORT`. The last colon splits, unless the host is in brackets. */
export function parseEndpoint(text: string, servicePort: ServicePort): ConfigEndpoint {
  const { host, portText } = splitEndpoint(text);
  const port = parsePort(portText, servicePort);
  if (port === 0) throw new ValueError("a peer can't be reached at port 0");
  checkHost(host);
  return { host, port, text };
}

/** The two parts of `HOST:PORT`, neither of them checked; the port isn't empty. */
export function splitEndpoint(text: string): { host: string; portText: string } {
  const inBrackets = text.startsWith("[");
  const close = text.indexOf("]");
  if (inBrackets && close < 0) throw new ValueError("the closing bracket is missing");
  const colon = inBrackets ? close + 1 : text.lastIndexOf(":");
  if (text[colon] !== ":" || colon === text.length - 1) {
    throw new ValueError("expected HOST:PORT");
  }
  const host = inBrackets ? text.slice(1, close) : text.slice(0, colon);
  return { host, portText: text.slice(colon + 1) };
}

/** Rejects what no resolver could resolve; all else is for the resolver to say. */
function checkHost(host: string): void {
  if (host.includes(":")) {
    const [address = "", zone] = host.split("%", 2);
    if (IpAddress.parse(address) === null || zone === "") {
      throw new ValueError(`${quote(host)} is not an IPv6 address`);
    }
    return;
  }
  // Not printable, or punctuation that no name has.
  const strange = /[^!-~\u0080-\uffff]|[/@[\]"'`<>(){}|\\,;=?&*]/;
  if (host === "" || host.length > 255 || strange.test(host)) {
    throw new ValueError(`${quote(host)} is not a host name or IP address`);
  }
}
