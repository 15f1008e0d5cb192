/**
 * Looks up the endpoints of a config as wg(8) does: with the system's resolver, and again and again
 * while it fails in a way that may pass.
 *
 * @module
 */
import type { ConfigEndpoint } from "../../core/config/types.ts";
import { IpAddress } from "../../core/ip.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import {
  ADDRINFO,
  AF_INET,
  AF_INET6,
  EAI_FAIL,
  EAI_NODATA,
  EAI_NONAME,
  SOCK_DGRAM,
  SOCKADDR_IN,
  SOCKADDR_IN6,
} from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";

const IPPROTO_UDP = 17;
const DEFAULT_RETRIES = 15;
const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 20_000;
/** Failures of getaddrinfo(3) that waiting doesn't mend. */
const PERMANENT: readonly number[] = [EAI_NONAME, EAI_FAIL, EAI_NODATA];

/** A lookup's outcome: an address, or getaddrinfo(3)'s error number and text. */
export type Lookup = UapiEndpoint | { readonly error: number; readonly text: string };

/** What resolving an endpoint needs of its surroundings. */
export interface ResolverOptions {
  /** Ends it with its reason. */
  readonly signal: AbortSignal;
  /** WG_ENDPOINT_RESOLUTION_RETRIES: how often to try again; Infinity for ever. */
  readonly retries: number;
  readonly print: (line: string) => void;
  readonly lookUp?: (endpoint: ConfigEndpoint) => Promise<Lookup>;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Finds the address of `endpoint`. Literal addresses need no resolver. */
export async function resolveEndpoint(
  endpoint: ConfigEndpoint,
  options: ResolverOptions,
): Promise<UapiEndpoint> {
  const { signal, print, lookUp = lookUpBySystem, sleep = sleepUnless } = options;
  const literal = parseLiteral(endpoint);
  if (literal !== null) return literal;
  let retries = options.retries;
  for (let pause = FIRST_PAUSE_MS;; pause = Math.min(LAST_PAUSE_MS, pause * 6 / 5)) {
    const found = await unlessAborted(lookUp(endpoint), signal);
    if (!("error" in found)) return found;
    const problem = `${found.text}: \`${endpoint.text}'`;
    if (PERMANENT.includes(found.error) || retries-- <= 0) throw new Error(problem);
    print(`${problem}. Trying again in ${(pause / 1000).toFixed(2)} seconds...`);
    await sleep(pause, signal);
  }
}

/** Reads the value of WG_ENDPOINT_RESOLUTION_RETRIES. */
export function parseRetries(value: string | undefined): number {
  if (value === "infinity") return Infinity;
  return value !== undefined && /^[0-9]+$/.test(value) ? Number(value) : DEFAULT_RETRIES;
}

function parseLiteral({ host, port }: ConfigEndpoint): UapiEndpoint | null {
  const [text = "", zone = "", ...more] = host.split("%");
  const address = IpAddress.parse(text);
  if (address === null || more.length > 0 || (zone !== "" && address.family === 4)) return null;
  return { address, port, zone };
}

/** Asks getaddrinfo(3), on another thread. */
async function lookUpBySystem({ host, port }: ConfigEndpoint): Promise<Lookup> {
  const hints = new DataView(new ArrayBuffer(ADDRINFO.SIZE));
  hints.setInt32(ADDRINFO.SOCKTYPE, SOCK_DGRAM, true);
  hints.setInt32(ADDRINFO.PROTOCOL, IPPROTO_UDP, true);
  const result = new BigUint64Array(1);
  const error = await libc.getaddrinfo(
    cString(host),
    cString(String(port)),
    new Uint8Array(hints.buffer),
    result,
  );
  const list = Deno.UnsafePointer.create(result[0] ?? 0n);
  if (error !== 0 || list === null) return { error, text: errorText(error) };
  try {
    return readFirst(list) ?? { error: EAI_NODATA, text: errorText(EAI_NODATA) };
  } finally {
    libc.freeaddrinfo(list);
  }
}

/** The first address of a `struct addrinfo` list. */
function readFirst(list: Deno.PointerObject): UapiEndpoint | null {
  const info = new Deno.UnsafePointerView(list);
  const at = info.getPointer(ADDRINFO.ADDR);
  if (at === null) return null;
  const size = info.getUint32(ADDRINFO.ADDRLEN);
  const bytes = new Uint8Array(size);
  new Deno.UnsafePointerView(at).copyInto(bytes);
  const view = new DataView(bytes.buffer);
  switch (view.getUint16(0, true)) {
    case AF_INET: {
      const address = bytes.slice(SOCKADDR_IN.ADDRESS, SOCKADDR_IN.ADDRESS + 4);
      const port = view.getUint16(SOCKADDR_IN.PORT);
      return { address: IpAddress.fromBytes(address), port, zone: "" };
    }
    case AF_INET6: {
      const address = bytes.slice(SOCKADDR_IN6.ADDRESS, SOCKADDR_IN6.ADDRESS + 16);
      const scope = view.getUint32(SOCKADDR_IN6.SCOPE_ID, true);
      const port = view.getUint16(SOCKADDR_IN6.PORT);
      return { address: IpAddress.fromBytes(address), port, zone: scope === 0 ? "" : `${scope}` };
    }
    default:
      return null;
  }
}

function errorText(error: number): string {
  const text = libc.gai_strerror(error);
  return text === null ? `error ${error}` : new Deno.UnsafePointerView(text).getCString();
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
