import { check } from "./errno.ts";
import { F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC, O_NONBLOCK } from "./layout.ts";
import { libc } from "./libc.ts";

/** Makes reads and writes of `fd` fail with EAGAIN instead of waiting. */
export function setNonblocking(fd: number): void {
  const flags = check(libc.fcntl(fd, F_GETFL, 0), `read the flags of file descriptor ${fd}`);
  check(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), `make file descriptor ${fd} nonblocking`);
}

/** Makes `fd` go away, or stay, when this process executes another program. */
export function setCloseOnExec(fd: number, close = true): void {
  check(
    libc.fcntl(fd, F_SETFD, close ? FD_CLOEXEC : 0),
    `set whether file descriptor ${fd} is inherited`,
  );
}
