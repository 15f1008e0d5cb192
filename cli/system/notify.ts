import { check } from "../../ffi/errno.ts";
import { AF_UNIX, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM, SOCKADDR_UN } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { unixAddress } from "../../ffi/unix_address.ts";

/**
 * Tells the service manager how this process is doing (sd_notify(3)), such as "READY=1". Does nothing
 * when no service manager asked for it by NOTIFY_SOCKET.
 */
export function notifyServiceManager(state: string): void {
  const path = Deno.env.get("NOTIFY_SOCKET");
  if (path === undefined || !/^[/@]/.test(path)) return;
  const fd = check("open a UNIX socket", libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    const message = new TextEncoder().encode(state);
    const address = addressOf(path);
    check(
      `notify ${path}`,
      libc.sendto(fd, message, message.length, MSG_NOSIGNAL, address, address.length),
    );
  } finally {
    libc.close(fd);
  }
}

/** A path that starts with "@" is a name in the abstract namespace, where "@" stands for NUL (unix(7)). */
function addressOf(path: string): Uint8Array<ArrayBuffer> {
  const address = unixAddress(path);
  if (!path.startsWith("@")) return address;
  address[SOCKADDR_UN.PATH] = 0;
  return address.slice(0, -1);
}
