import { Endpoint, type LocalSource } from "../core/endpoint.ts";
import type { Memory } from "../core/memory.ts";
import { AF_INET, AF_INET6, SOCKADDR_IN, SOCKADDR_IN6 } from "./layout.ts";

/** Bytes that hold a socket address of either family. */
export const SOCKADDR_MAX_SIZE = SOCKADDR_IN6.SIZE;

/** Writes the remote address of `endpoint` as a sockaddr_in or sockaddr_in6 and returns its size. */
export function writeSockaddr(memory: Memory, at: number, endpoint: Endpoint): number {
  const { bytes, view } = memory;
  if (endpoint.address.length === 4) {
    bytes.fill(0, at, at + SOCKADDR_IN.SIZE);
    view.setUint16(at + SOCKADDR_IN.FAMILY, AF_INET, true);
    view.setUint16(at + SOCKADDR_IN.PORT, endpoint.port);
    bytes.set(endpoint.address, at + SOCKADDR_IN.ADDRESS);
    return SOCKADDR_IN.SIZE;
  }
  bytes.fill(0, at, at + SOCKADDR_IN6.SIZE);
  view.setUint16(at + SOCKADDR_IN6.FAMILY, AF_INET6, true);
  view.setUint16(at + SOCKADDR_IN6.PORT, endpoint.port);
  bytes.set(endpoint.address, at + SOCKADDR_IN6.ADDRESS);
  view.setUint32(at + SOCKADDR_IN6.SCOPE_ID, endpoint.scopeId, true);
  return SOCKADDR_IN6.SIZE;
}

/** The sockaddr at `at` as an endpoint with `source`; null when it is of neither family. */
export function readSockaddr(
  memory: Memory,
  at: number,
  source: LocalSource | null,
): Endpoint | null {
  const { bytes, view } = memory;
  const family = view.getUint16(at, true);
  if (family === AF_INET) {
    const address = at + SOCKADDR_IN.ADDRESS;
    return new Endpoint(
      bytes.slice(address, address + 4),
      view.getUint16(at + SOCKADDR_IN.PORT),
      0,
      source,
    );
  }
  if (family === AF_INET6) {
    const address = at + SOCKADDR_IN6.ADDRESS;
    return new Endpoint(
      bytes.slice(address, address + 16),
      view.getUint16(at + SOCKADDR_IN6.PORT),
      view.getUint32(at + SOCKADDR_IN6.SCOPE_ID, true),
      source,
    );
  }
  return null;
}
