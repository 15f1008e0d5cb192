import {
  type CapabilityMask,
  capabilityMask,
  getCapabilities,
  setCapabilities,
  withEffectiveCapabilities,
} from "./capabilities.ts";
import {
  CAP_DAC_READ_SEARCH,
  CAP_NET_ADMIN,
  CAP_NET_BIND_SERVICE,
  CAP_NET_BROADCAST,
  O_CLOEXEC,
  O_RDONLY,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_SET_NO_NEW_PRIVS,
  RLIMIT_CORE,
  RLIMIT_SIZE,
} from "./layout.ts";
import { libc } from "./libc.ts";
import { denySystemCalls } from "./seccomp.ts";
import { cString } from "./text.ts";

/**
 * What a running tunnel still needs: CAP_NET_ADMIN for firewall marks and large buffers,
 * CAP_NET_BIND_SERVICE for a listen port below 1024, and CAP_NET_BROADCAST, which allows nothing but to
 * hear of changes of interfaces, for one that is in another network namespace.
 */
export const ENGINE_CAPABILITIES: readonly number[] = [
  CAP_NET_ADMIN,
  CAP_NET_BIND_SERVICE,
  CAP_NET_BROADCAST,
];

/**
 * The capabilities to start the engine with: {@linkcode ENGINE_CAPABILITIES}, and CAP_DAC_READ_SEARCH
 * where root can't read the program without it. That is so for one in a user's home directory of mode
 * 0750, run by sudo. {@linkcode confineEngine} takes it from the thread that serves the interface.
 *
 * @param files what the program reads when it starts
 */
export function engineCapabilities(files: readonly string[]): number[] {
  const readable = withEffectiveCapabilities(ENGINE_CAPABILITIES, () => files.every(isReadable));
  return readable ? [...ENGINE_CAPABILITIES] : [...ENGINE_CAPABILITIES, CAP_DAC_READ_SEARCH];
}

/** As this thread may, with its present capabilities: other threads may have more. */
function isReadable(path: string): boolean {
  const fd = libc.open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) libc.close(fd);
  return fd >= 0;
}

/** How far the process is confined. Each holds for all of its threads, as the kernel tells. */
export interface Confinement {
  /** No thread has other capabilities than {@linkcode ENGINE_CAPABILITIES}. */
  capabilities: boolean;
  /** No program that it might execute gains privileges. */
  noNewPrivileges: boolean;
  /** System calls that it never makes fail. */
  systemCalls: boolean;
}

/**
 * Gives up, for good, what the engine doesn't need: capabilities, the gain of new ones, core dumps
 * (which would hold keys), and the system calls of {@linkcode denySystemCalls}. To be called once its
 * files are open. What the host doesn't allow is left out; the result tells.
 *
 * Capabilities are a thread's own, and those of threads that run already can't be taken from here: start
 * the process without them, by `capabilities` of {@linkcode Program}.
 */
export function confineEngine(): Confinement {
  const kept = getCapabilities().permitted & capabilityMask(ENGINE_CAPABILITIES);
  libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  setCapabilities({ effective: kept, permitted: kept, inheritable: 0n });
  libc.setrlimit(RLIMIT_CORE, new Uint8Array(RLIMIT_SIZE));
  if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === 0) {
    try {
      denySystemCalls();
    } catch {
      // A kernel without seccomp: observe() tells.
    }
  }
  return observe();
}

function observe(): Confinement {
  const allowed = capabilityMask(ENGINE_CAPABILITIES);
  const confinement = { capabilities: true, noNewPrivileges: true, systemCalls: true };
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    let status: string;
    try {
      status = Deno.readTextFileSync(`/proc/self/task/${name}/status`);
    } catch {
      continue; // The thread has ended.
    }
    const permitted: CapabilityMask = BigInt(`0x${field(status, "CapPrm")}`);
    if ((permitted & ~allowed) !== 0n) confinement.capabilities = false;
    if (field(status, "NoNewPrivs") !== "1") confinement.noNewPrivileges = false;
    if (field(status, "Seccomp") !== "2") confinement.systemCalls = false;
  }
  return confinement;
}

function field(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(status)?.[1] ?? "0";
}
