import { check } from "./errno.ts";
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY, TUNGETDEVNETNS } from "./layout.ts";
import { libc } from "./libc.ts";
import { cString } from "./text.ts";

const OWN_NAMESPACE = "/proc/thread-self/ns/net";

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
 * Moves the calling thread into the network namespace that `fd` is open on, before it executes another
 * program: all else of this process stays where it is.
 *
 * @param name of the namespace, for messages
 * @throws SysError with EPERM without CAP_SYS_ADMIN, EINVAL when `fd` is no network namespace
 */
export function enterNetworkNamespace(fd: number, name: string): void {
  check(`enter the network namespace ${name}`, libc.setns(fd, CLONE_NEWNET));
}

/**
 * Runs `body` in the network namespace that `path` names, such as /proc/PID/ns/net, and returns to the
 * present one. `body` must be synchronous: what follows an `await` would run in whichever is current.
 */
export function inNetworkNamespace<T>(path: string, body: () => T): T {
  const target = openNamespace(path);
  try {
    return returningAfter(() => {
      enterNetworkNamespace(target, path);
      return body();
    });
  } finally {
    libc.close(target);
  }
}

/** The calling thread's network namespace as a file descriptor, for as long as it isn't disposed of. */
export function openOwnNamespace(): Disposable & { readonly fd: number } {
  const fd = openNamespace(OWN_NAMESPACE);
  return { fd, [Symbol.dispose]: () => libc.close(fd) };
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
  return inodeOf(OWN_NAMESPACE);
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
  using home = openOwnNamespace();
  try {
    return body();
  } finally {
    check("return to the former network namespace", libc.setns(home.fd, CLONE_NEWNET));
  }
}

function openNamespace(path: string): number {
  return check(
    `open the network namespace ${path}`,
    libc.open(cString(path), O_RDONLY | O_CLOEXEC, 0),
  );
}
