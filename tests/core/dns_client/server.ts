/** Answers of a DNS server, made from their parts. */

import { canonicalName, encodeName } from "../../../core/dns_client/domain_name.ts";
import { TYPE_A, TYPE_AAAA } from "../../../core/dns_client/message.ts";
import { IpAddress } from "../../../core/ip.ts";

export const CNAME = 5;

/** A record of an answer; `data` is an address, or a name for a CNAME. */
export interface TestRecord {
  readonly name: string;
  readonly data: string;
  readonly ttl?: number;
  readonly type?: number;
}

/** What a query asks, read without the code under test. */
export function questionOf(query: Uint8Array): { id: number; name: string; type: number } {
  const view = new DataView(query.buffer, query.byteOffset, query.length);
  const labels: string[] = [];
  let at = 12;
  for (let length; (length = query[at] ?? 0) > 0; at += 1 + length) {
    labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + length)));
  }
  return { id: view.getUint16(0), name: labels.join("."), type: view.getUint16(at + 1) };
}

/** What an {@linkcode answerTo} may have that is unusual. */
export interface AnswerOptions {
  readonly flags?: number;
  readonly id?: number;
  readonly question?: string;
  readonly questionType?: number;
  readonly questions?: number;
  /** More bytes behind it. */
  readonly extra?: readonly number[];
}

/** The answer to `query` with `records`, whose names are compressed where they can be. */
export function answerTo(
  query: Uint8Array,
  records: readonly TestRecord[],
  options: AnswerOptions = {},
): Uint8Array {
  const { id, name, type } = questionOf(query);
  const bytes: number[] = [];
  const seen = new Map<string, number>();
  const push16 = (value: number) => bytes.push(value >> 8 & 0xff, value & 0xff);
  const pushName = (text: string) => {
    for (let rest = text; rest !== ""; rest = rest.replace(/^[^.]*\.?/, "")) {
      const key = canonicalName(encodeName(rest) ?? new Uint8Array());
      const earlier = seen.get(key);
      if (earlier !== undefined) return push16(0xc000 | earlier);
      seen.set(key, bytes.length);
      const label = new TextEncoder().encode(/^[^.]*/.exec(rest)?.[0]);
      bytes.push(label.length, ...label);
    }
    bytes.push(0);
  };
  push16(options.id ?? id);
  push16(options.flags ?? 0x8180);
  push16(options.questions ?? 1);
  push16(records.length);
  push16(0);
  push16(0);
  pushName(options.question ?? name);
  push16(options.questionType ?? type);
  push16(1);
  for (const { name, data, ttl = 300, type } of records) {
    const address = IpAddress.parse(data);
    pushName(name);
    push16(type ?? (address === null ? CNAME : address.family === 4 ? TYPE_A : TYPE_AAAA));
    push16(1);
    push16(ttl >>> 16);
    push16(ttl & 0xffff);
    const size = bytes.length;
    push16(0);
    if (address === null) pushName(data);
    else bytes.push(...address.bytes);
    const length = bytes.length - size - 2;
    bytes[size] = length >> 8;
    bytes[size + 1] = length & 0xff;
  }
  return Uint8Array.from([...bytes, ...options.extra ?? []]);
}
