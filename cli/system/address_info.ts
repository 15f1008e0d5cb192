/** What getaddrinfo(3) is asked and what it answers. */

import { IpAddress } from "../../core/ip.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { formatZone } from "../../core/zone.ts";
import { SysError } from "../../ffi/errno.ts";
import { interfaceNameOf } from "../../ffi/interface_name.ts";
import {
  ADDRINFO,
  AF_INET,
  AF_INET6,
  EAI_NODATA,
  EAI_SYSTEM,
  SOCK_DGRAM,
  SOCKADDR_IN,
  SOCKADDR_IN6,
} from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";

const IPPROTO_UDP = 17;

/** A lookup that found nothing: getaddrinfo(3)'s error number, and its text. */
export interface LookupFailure {
  readonly error: number;
  readonly text: string;
}

/** A lookup's outcome. */
export type Lookup = UapiEndpoint | LookupFailure;

/** The outcome of one that wants all addresses: at least one, the best first. */
export type FullLookup = readonly UapiEndpoint[] | LookupFailure;

/** A `struct addrinfo` that asks for UDP addresses of either family. */
export function addressHints(flags = 0): Uint8Array<ArrayBuffer> {
  const hints = new DataView(new ArrayBuffer(ADDRINFO.SIZE));
  hints.setInt32(ADDRINFO.FLAGS, flags, true);
  hints.setInt32(ADDRINFO.SOCKTYPE, SOCK_DGRAM, true);
  hints.setInt32(ADDRINFO.PROTOCOL, IPPROTO_UDP, true);
  return new Uint8Array(hints.buffer);
}

/**
 * The first address of an answer, which is freed. `error` is getaddrinfo(3)'s result, `errno` that of
 * the same thread where it is known.
 */
export function takeFirstAddress(error: number, result: BigUint64Array, errno = 0): Lookup {
  const found = takeEndpoints(error, result, errno);
  return "error" in found ? found : found[0] ?? lookupFailure(EAI_NODATA);
}

/** All addresses of an answer, which is freed; null when it failed. */
export function takeAddresses(error: number, result: BigUint64Array): IpAddress[] | null {
  const found = takeEndpoints(error, result);
  return "error" in found ? null : found.map(({ address }) => address);
}

/**
 * All addresses of an answer, in its order, with their port and zone, as {@linkcode takeFirstAddress}
 * the first.
 */
export function takeEndpoints(error: number, result: BigUint64Array, errno = 0): FullLookup {
  const list = Deno.UnsafePointer.create(result[0] ?? 0n);
  if (error !== 0 || list === null) return lookupFailure(error, errno);
  const endpoints: UapiEndpoint[] = [];
  try {
    for (let info: Deno.PointerObject | null = list; info !== null;) {
      const found = readFirst(info);
      if (found !== null) endpoints.push(found);
      info = new Deno.UnsafePointerView(info).getPointer(ADDRINFO.NEXT);
    }
  } finally {
    libc.freeaddrinfo(list);
  }
  return endpoints.length > 0 ? endpoints : lookupFailure(EAI_NODATA);
}

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
      const zone = formatZone(address, scope, interfaceNameOf);
      return { address: IpAddress.fromBytes(address), port, zone };
    }
    default:
      return null;
  }
}

/** What getaddrinfo(3) means by `error`; `errno` is that of the same thread where it is known. */
export function lookupFailure(error: number, errno = 0): LookupFailure {
  if (error === EAI_SYSTEM && errno !== 0) {
    return { error, text: new SysError("look up a name", errno).description };
  }
  const text = libc.gai_strerror(error);
  const words = text === null ? `error ${error}` : new Deno.UnsafePointerView(text).getCString();
  return { error, text: words };
}
