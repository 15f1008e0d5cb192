import { check } from "./errno.ts";
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY, TUNGETDEVNETNS } from "./layout.ts";
import { libc } from "./libc.ts";
import { cString } from "./text.ts";

/**
 * Moves the calling thread into a new, empty network namespace, for demonstrations and tests.
 *
 * Only synchronous calls of this thread and the processes it starts are in it: nonblocking FFI, `fetch`
 * and the like run on other threads, which stay where they are.
 *
 * @throws SysError with EPERM without CAP_SYS_ADMIN
 */
export function enterNewNetworkNamespace(): void {
  check("create a network namespace", libc.unshare(CLONE_NEWNET));
}

/**
 * Runs `body` in the network namespace that `path` names, such as /proc/PID/ns/net, and returns to the
 * present one. `body` must be synchronous: what follows an `await` would run in whichever is current.
 */
export function inNetworkNamespace<T>(path: string, body: () => T): T {
  const target = openNamespace(path);
  try {
    return returningAfter(() => {
      check(`enter the network namespace ${path}`, libc.setns(target, CLONE_NEWNET));
      return body();
    });
  } finally {
    libc.close(target);
  }
}

/** Runs the synchronous `body` in a new network namespace, and returns to the present one. */
export function inNewNetworkNamespace<T>(body: () => T): T {
  return returningAfter(() => {
    enterNewNetworkNamespace();
    return body();
  });
}

/** The inode number of the calling thread's network namespace; 0 when it can't be had. */
export function ownNetworkNamespace(): number {
  return inodeOf("/proc/thread-self/ns/net");
}

/**
 * The inode number of the network namespace that a TUN interface is in, by its file descriptor; 0 when
 * it can't be had, as before Linux 5.2.
 */
export function networkNamespaceOfTun(fd: number): number {
  return withNamespaceOfTun(fd, (_, inode) => inode) ?? 0;
}

/**
 * Passes `body` a file descriptor of the network namespace that a TUN interface is in, and its inode number;
 * null when it can't be had.
 */
export function withNamespaceOfTun<T>(
  tunFd: number,
  body: (fd: number, inode: number) => T,
): T | null {
  const namespace = libc.ioctlInteger(tunFd, TUNGETDEVNETNS, 0);
  if (namespace < 0) return null;
  try {
    return body(namespace, inodeOf(`/proc/self/fd/${namespace}`));
  } finally {
    libc.close(namespace);
  }
}

function inodeOf(path: string): number {
  try {
    return Deno.statSync(path).ino ?? 0;
  } catch {
    return 0;
  }
}

function returningAfter<T>(body: () => T): T {
  const home = openNamespace("/proc/thread-self/ns/net");
  try {
    return body();
  } finally {
    check("return to the former network namespace", libc.setns(home, CLONE_NEWNET));
    libc.close(home);
  }
}

function openNamespace(path: string): number {
  return check(
    `open the network namespace ${path}`,
    libc.open(cString(path), O_RDONLY | O_CLOEXEC, 0),
  );
}
