import { check } from "./errno.ts";
import { F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC, O_NONBLOCK } from "./layout.ts";
import { libc } from "./libc.ts";

/** Makes reads and writes of `fd` fail with EAGAIN instead of waiting. */
export function setNonblocking(fd: number): void {
  const flags = check(`read the flags of file descriptor ${fd}`, libc.fcntl(fd, F_GETFL, 0));
  check(`make file descriptor ${fd} nonblocking`, libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

/** Makes `fd` go away, or stay, when this process executes another program. */
export function setCloseOnExec(fd: number, close = true): void {
  check(
    `set whether file descriptor ${fd} is inherited`,
    libc.fcntl(fd, F_SETFD, close ? FD_CLOEXEC : 0),
  );
}
