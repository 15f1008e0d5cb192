import {
  SK_MEMINFO_DROPS,
  SK_MEMINFO_RCVBUF,
  SK_MEMINFO_SNDBUF,
  SK_MEMINFO_VARS,
  SO_MEMINFO,
  SOL_SOCKET,
} from "./layout.ts";
import { libc } from "./libc.ts";

/** What a socket has room for, and what it lost for want of it. */
export interface SocketMemory {
  /** Bytes that may wait to be read, with the kernel's own expense: twice what SO_RCVBUF was set to. */
  readonly receiveBuffer: number;
  /** Bytes that may wait to be sent, counted likewise. */
  readonly sendBuffer: number;
  /** Datagrams that were dropped on arrival. */
  readonly drops: number;
}

/** What the kernel tells of the socket `fd` (SO_MEMINFO, since Linux 4.12); null when it doesn't. */
export function socketMemory(fd: number): SocketMemory | null {
  const values = new Uint32Array(SK_MEMINFO_VARS);
  const length = Int32Array.of(values.byteLength);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, length) < 0) return null;
  return {
    receiveBuffer: values[SK_MEMINFO_RCVBUF] ?? 0,
    sendBuffer: values[SK_MEMINFO_SNDBUF] ?? 0,
    drops: values[SK_MEMINFO_DROPS] ?? 0,
  };
}
