/**
 * Questions to DNS servers and their answers (RFC 1035 section 4): only what finds addresses. Without
 * EDNS: an answer that needs more than 512 bytes is asked for again by TCP.
 */

import { IpAddress } from "../ip.ts";
import { canonicalName, decodeName, encodeName } from "./domain_name.ts";

/** The record types that hold addresses: A (RFC 1035) and AAAA (RFC 3596). */
export type AddressType = 1 | 28;
/** IPv4 addresses. */
export const TYPE_A = 1;
/** IPv6 addresses. */
export const TYPE_AAAA = 28;

const TYPE_CNAME = 5;
const CLASS_IN = 1;
const HEADER_SIZE = 12;
/** Of a record between its name and its data. */
const RECORD_HEAD_SIZE = 10;
/** How many aliases of aliases are followed. */
const MAX_ALIASES = 16;
/**
 * Records that are read: by TCP thousands may come, and whoever sends them would stop all else
 * meanwhile.
 */
const MAX_RECORDS = 64;

const FLAG_RESPONSE = 0x8000;
const OPCODE_MASK = 0x7800;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const RCODE_MASK = 0x000f;
const RCODE_NO_ERROR = 0;
const RCODE_NAME_ERROR = 3;

/** What a server is asked. */
export interface DnsQuestion {
  /** 16 random bits that the answer repeats. */
  readonly id: number;
  /** The host's name. */
  readonly name: string;
  /** Which addresses are wanted. */
  readonly type: AddressType;
}

/** What a server said. */
export type DnsAnswer =
  /** The name's addresses of the wanted type, none if there are none; `ttl` seconds may be relied on. */
  | { readonly kind: "addresses"; readonly addresses: IpAddress[]; readonly ttl: number }
  /** There is no such name. */
  | { readonly kind: "no-such-name" }
  /** The answer is too large for a datagram. */
  | { readonly kind: "truncated" }
  /** The server can't or won't say (RCODE, or -1 when its answer is malformed). */
  | { readonly kind: "failed"; readonly code: number };

/** The query for `question`; null when its name can't be one. */
export function encodeQuery({ id, name, type }: DnsQuestion): Uint8Array<ArrayBuffer> | null {
  const encoded = encodeName(name);
  if (encoded === null) return null;
  const message = new Uint8Array(HEADER_SIZE + encoded.length + 4);
  const view = new DataView(message.buffer);
  view.setUint16(0, id);
  view.setUint16(2, FLAG_RECURSION_DESIRED);
  view.setUint16(4, 1);
  message.set(encoded, HEADER_SIZE);
  view.setUint16(HEADER_SIZE + encoded.length, type);
  view.setUint16(HEADER_SIZE + encoded.length + 2, CLASS_IN);
  return message;
}

/** What `message` says to `question`; null when it is no answer to that, and to be ignored. */
export function decodeAnswer(message: Uint8Array, question: DnsQuestion): DnsAnswer | null {
  if (message.length < HEADER_SIZE) return null;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const flags = view.getUint16(2);
  if (view.getUint16(0) !== question.id) return null;
  if ((flags & FLAG_RESPONSE) === 0 || (flags & OPCODE_MASK) !== 0) return null;
  const wanted = encodeName(question.name);
  const asked = view.getUint16(4) === 1 ? decodeName(message, HEADER_SIZE) : null;
  if (wanted === null || asked === null || asked.end + 4 > message.length) return null;
  const name = canonicalName(wanted);
  const isSame = asked.name === name && view.getUint16(asked.end) === question.type &&
    view.getUint16(asked.end + 2) === CLASS_IN;
  if (!isSame) return null;
  if ((flags & FLAG_TRUNCATED) !== 0) return { kind: "truncated" };
  const code = flags & RCODE_MASK;
  if (code === RCODE_NAME_ERROR) return { kind: "no-such-name" };
  if (code !== RCODE_NO_ERROR) return { kind: "failed", code };
  const records = readRecords(message, view, asked.end + 4, view.getUint16(6), question.type);
  return records === null ? { kind: "failed", code: -1 } : addressesOf(name, records);
}

/** The part of a record that matters here. */
interface DnsRecord {
  readonly owner: string;
  /** Seconds. */
  readonly ttl: number;
  /** An address, or the canonical name that the owner is an alias of. */
  readonly data: IpAddress | string;
}

/**
 * The aliases and the addresses of `type` among the first of `count` records from `start` on; null if
 * malformed.
 */
function readRecords(
  message: Uint8Array,
  view: DataView,
  start: number,
  count: number,
  type: AddressType,
): DnsRecord[] | null {
  const records: DnsRecord[] = [];
  for (let at = start, left = Math.min(count, MAX_RECORDS); left > 0; left--) {
    const owner = decodeName(message, at);
    if (owner === null || owner.end + RECORD_HEAD_SIZE > message.length) return null;
    const data = owner.end + RECORD_HEAD_SIZE;
    const size = view.getUint16(owner.end + 8);
    at = data + size;
    if (at > message.length) return null;
    if (view.getUint16(owner.end + 2) !== CLASS_IN) continue;
    // The highest bit means zero (RFC 2181 section 8).
    const ttl = Math.max(0, view.getInt32(owner.end + 4));
    const recordType = view.getUint16(owner.end);
    if (recordType === type) {
      if (size !== (type === TYPE_A ? 4 : 16)) return null;
      const address = IpAddress.fromBytes(message.slice(data, at));
      records.push({ owner: owner.name, ttl, data: address });
    } else if (recordType === TYPE_CNAME) {
      const target = decodeName(message, data);
      if (target === null || target.end !== at) return null;
      records.push({ owner: owner.name, ttl, data: target.name });
    }
  }
  return records;
}

/** Follows the aliases from `name` to its addresses. */
function addressesOf(name: string, records: readonly DnsRecord[]): DnsAnswer {
  let owner = name, ttl = 0x7fff_ffff;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const own = records.filter((record) => record.owner === owner);
    const addresses = own.flatMap(({ data }) => data instanceof IpAddress ? [data] : []);
    const alias = own.find(({ data }) => typeof data === "string");
    ttl = Math.min(ttl, ...own.map((record) => record.ttl));
    if (addresses.length > 0) return { kind: "addresses", addresses, ttl };
    if (alias === undefined || typeof alias.data !== "string") break;
    owner = alias.data;
  }
  return { kind: "addresses", addresses: [], ttl: 0 };
}
