/**
 * Looks up the endpoints of a config as wg(8) does: with the system's resolver, and again and again
 * while it fails in a way that may pass.
 *
 * @module
 */
import type { ConfigEndpoint } from "../../core/config/types.ts";
import { IpAddress } from "../../core/ip.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { addressHints, type FullLookup, takeEndpoints } from "./address_info.ts";
import {
  DEFAULT_RETRIES,
  FIRST_PAUSE_MS,
  mayPass,
  nextPause,
  tryingAgain,
} from "./resolver_retries.ts";

/** What resolving an endpoint needs of its surroundings. */
export interface ResolverOptions {
  /** Ends it with its reason. */
  readonly signal: AbortSignal;
  /** WG_ENDPOINT_RESOLUTION_RETRIES: how often to try again; Infinity for ever. */
  readonly retries: number;
  readonly print: (line: string) => void;
  readonly lookUp?: (endpoint: ConfigEndpoint) => Promise<FullLookup>;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Finds the addresses of `endpoint`, at least one, the best first. Literal addresses need no resolver. */
export async function resolveEndpoint(
  endpoint: ConfigEndpoint,
  options: ResolverOptions,
): Promise<readonly UapiEndpoint[]> {
  const { signal, print, lookUp = lookUpBySystem, sleep = sleepUnless } = options;
  const literal = parseLiteral(endpoint);
  if (literal !== null) return [literal];
  let retries = options.retries;
  for (let pause = FIRST_PAUSE_MS;; pause = nextPause(pause)) {
    const found = await unlessAborted(lookUp(endpoint), signal);
    if (!("error" in found)) return found;
    if (!mayPass(found) || retries-- <= 0) throw new Error(`${found.text}: \`${endpoint.text}'`);
    print(tryingAgain(found, endpoint.text, pause));
    await sleep(pause, signal);
  }
}

/** Reads the value of WG_ENDPOINT_RESOLUTION_RETRIES. */
export function parseRetries(value: string | undefined): number {
  if (value === "infinity") return Infinity;
  return value !== undefined && /^[0-9]+$/.test(value) ? Number(value) : DEFAULT_RETRIES;
}

/** The endpoint that `host` gives the address of; null when it is a name. */
export function parseLiteral({ host, port }: ConfigEndpoint): UapiEndpoint | null {
  const [text = "", zone = "", ...more] = host.split("%");
  const address = IpAddress.parse(text);
  if (address === null || more.length > 0 || (zone !== "" && address.family === 4)) return null;
  return { address, port, zone };
}

/** Asks getaddrinfo(3), on another thread. */
export async function lookUpBySystem({ host, port }: ConfigEndpoint): Promise<FullLookup> {
  const result = new BigUint64Array(1);
  const node = cString(host), service = cString(String(port));
  const error = await libc.getaddrinfo(node, service, addressHints(), result);
  return takeEndpoints(error, result);
}

/** `promise`, or the reason of `signal` as soon as that is aborted. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function sleepUnless(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  try {
    await unlessAborted(pause, signal);
  } finally {
    clearTimeout(timer);
  }
}
