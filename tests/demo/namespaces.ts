/**
 * What makes a process a host of its own: namespaces, and an own /run, where the sockets and journals
 * of wgts are. All of it goes with the last process in it, so nothing needs to be cleaned up.
 */
import { Errno, errno, SysError } from "../../ffi/errno.ts";
import { CLONE_NEWNS, MS_PRIVATE, MS_REC, O_CLOEXEC, O_RDONLY } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { enterNewNetworkNamespace } from "../../ffi/namespace.ts";
import { cString } from "../../ffi/text.ts";

const CLONE_NEWPID = 0x20000000;

const PERMISSION_ADVICE =
  "it needs CAP_SYS_ADMIN: run it as root; start a container with `--privileged`";

/**
 * Calls `spawn`, which starts a process: that becomes the first one of a new process namespace. When it
 * ends, however it does, the kernel kills all that it left running.
 *
 * `spawn` must be synchronous and start nothing else: this thread can't have new threads meanwhile.
 *
 * @throws SysError with EPERM without CAP_SYS_ADMIN
 */
export function asFirstProcess<T>(spawn: () => T): T {
  const path = "/proc/self/ns/pid";
  const home = check(`open ${path}`, libc.open(cString(path), O_RDONLY | O_CLOEXEC, 0));
  try {
    check("create a process namespace", libc.unshare(CLONE_NEWPID));
    try {
      return spawn();
    } finally {
      check("return to the former process namespace", libc.setns(home, CLONE_NEWPID));
    }
  } finally {
    libc.close(home);
  }
}

/**
 * Gives this thread and all programs that it starts a network, and a /proc and /run, of their own.
 * Asynchronous functions for files use other threads, which still see the old ones.
 */
export function becomeHost(): void {
  enterNewNetworkNamespace();
  check("create a mount namespace", libc.unshare(CLONE_NEWNS));
  // What is mounted from now on is seen here only.
  check(
    "separate this host's mounts from the system's",
    libc.mount(null, cString("/"), null, MS_REC | MS_PRIVATE, null),
  );
  mount("proc", "/proc");
  // Usually one is a link to the other.
  for (const directory of new Set(["/run", "/var/run"].map((path) => Deno.realPathSync(path)))) {
    mount("tmpfs", directory, "mode=755");
  }
}

function mount(type: string, directory: string, options = ""): void {
  check(
    `mount a ${type} at ${directory}`,
    libc.mount(cString(type), cString(directory), cString(type), 0, cString(options)),
  );
}

function check(operation: string, result: number): number {
  if (result >= 0) return result;
  const number = errno();
  const forbidden = number === Errno.EPERM || number === Errno.EACCES;
  throw new SysError(operation, number, forbidden ? PERMISSION_ADVICE : undefined);
}
