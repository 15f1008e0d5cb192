import { check, Errno, errno, SysError } from "../../ffi/errno.ts";
import {
  AF_UNIX,
  SO_NETNS_COOKIE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import type { JournalScope } from "../journal.ts";

/** This process's network namespace and the present boot. */
export function currentScope(): JournalScope {
  const { dev, ino } = Deno.statSync("/proc/self/ns/net");
  return {
    namespace: { device: dev, inode: ino ?? 0, cookie: namespaceCookie() },
    bootId: Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim(),
  };
}

/** The network namespace's cookie in hexadecimal; "" before Linux 5.14. */
function namespaceCookie(): string {
  const fd = check("open a UNIX socket", libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    const cookie = new BigUint64Array(1);
    const length = Int32Array.of(cookie.byteLength);
    if (libc.getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length) === 0) {
      return (cookie[0] ?? 0n).toString(16);
    }
    const number = errno();
    if (number === Errno.ENOPROTOOPT) return "";
    throw new SysError("identify the network namespace", number);
  } finally {
    libc.close(fd);
  }
}
