/**
 * Looks up what a configuration names, as wg(8) does: while the configuration is read, and in its words.
 *
 * @module
 */
import { parseDecimal } from "../../core/config/values.ts";
import { IpAddress } from "../../core/ip.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { WgEnvironmentError, WgError } from "../../core/wg/error.ts";
import { errno } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { addressHints, type Lookup, takeFirstAddress } from "./address_info.ts";
import {
  DEFAULT_RETRIES,
  FIRST_PAUSE_MS,
  mayPass,
  nextPause,
  tryingAgain,
} from "./resolver_retries.ts";

/** Of getaddrinfo(3): an address to listen on is wanted, so no host is named. */
const AI_PASSIVE = 1;
const INT_MAX = 0x7fff_ffffn;
const ULONG_MAX = 0xffff_ffff_ffff_ffffn;

/** What looking up names needs of its surroundings. */
export interface LookupOptions {
  /** The value of WG_ENDPOINT_RESOLUTION_RETRIES. */
  readonly retries: string | undefined;
  readonly print: (line: string) => void;
  readonly lookUp?: (host: string | null, service: string, flags?: number) => Lookup;
  readonly sleep?: (milliseconds: number) => void;
}

/**
 * The address of an endpoint whose text is `text`, waiting as long as that takes.
 * @throws WgError
 */
export function resolveNow(
  host: string,
  service: string,
  text: string,
  options: LookupOptions,
): UapiEndpoint {
  const { print, lookUp = lookUpNow, sleep = sleepNow } = options;
  let retries = parseRetriesStrictly(options.retries);
  const literal = parseLiteral(host, service);
  if (literal !== null) return literal;
  for (let pause = FIRST_PAUSE_MS;; pause = nextPause(pause)) {
    const found = lookUp(host, service);
    if (!("error" in found)) return found;
    if (!mayPass(found) || retries-- <= 0) throw new WgError(`${found.text}: \`${text}'`);
    print(tryingAgain(found, text, pause));
    sleep(pause);
  }
}

/**
 * The UDP port that `service` means.
 * @throws WgError
 */
export function portNow(service: string, { lookUp = lookUpNow }: Partial<LookupOptions>): number {
  const found = lookUp(null, service, AI_PASSIVE);
  if (!("error" in found)) return found.port;
  throw new WgError(`${found.text}: \`${service}'`);
}

/**
 * The value of WG_ENDPOINT_RESOLUTION_RETRIES, as strtoul(3) reads it.
 * @throws WgEnvironmentError when it is no number
 */
export function parseRetriesStrictly(value: string | undefined): number {
  if (value === undefined) return DEFAULT_RETRIES;
  if (value === "infinity") return Infinity;
  const [matched, sign, digits = ""] = /^[\t-\r ]*([+-]?)([0-9]+)$/.exec(value) ?? [];
  const magnitude = BigInt(digits);
  // What is less than 0 is counted from the other end.
  const retries = sign === "-" && magnitude <= ULONG_MAX
    ? BigInt.asUintN(64, -magnitude)
    : magnitude;
  const isNumber = value === "" || matched !== undefined;
  if (isNumber && retries <= INT_MAX) return Number(retries);
  throw new WgEnvironmentError(`Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: \`${value}'`);
}

/** Most endpoints are addresses, for which nobody needs to be asked. */
function parseLiteral(host: string, service: string): UapiEndpoint | null {
  const address = IpAddress.parse(host), port = parseDecimal(service, 0xffff);
  return address === null || port === null ? null : { address, port, zone: "" };
}

function lookUpNow(host: string | null, service: string, flags = 0): Lookup {
  const { getaddrinfo_now: getaddrinfo } = libc;
  const node = host === null ? null : cString(host);
  const result = new BigUint64Array(1), hints = addressHints(flags), name = cString(service);
  const error = getaddrinfo(node, name, hints, result);
  return takeFirstAddress(error, result, errno());
}

function sleepNow(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
