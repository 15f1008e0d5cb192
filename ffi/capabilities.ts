import { check } from "./errno.ts";
import {
  CAP_DATA,
  CAP_HEADER,
  LINUX_CAPABILITY_VERSION_3,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_IS_SET,
  PR_CAP_AMBIENT_RAISE,
  PR_GET_SECUREBITS,
  PR_SET_SECUREBITS,
  SECBIT_NO_SETUID_FIXUP,
  SECBIT_NOROOT,
} from "./layout.ts";
import { libc } from "./libc.ts";

/** Capabilities by number (CAP_NET_ADMIN is 12) as bits. */
export type CapabilityMask = bigint;

/** The capability sets of one thread (capabilities(7)). Threads of a process may differ. */
export interface CapabilitySets {
  effective: CapabilityMask;
  permitted: CapabilityMask;
  inheritable: CapabilityMask;
}

/** The mask of `capabilities`, given by number. */
export function capabilityMask(capabilities: readonly number[]): CapabilityMask {
  return capabilities.reduce((mask, capability) => mask | 1n << BigInt(capability), 0n);
}

/** The sets of the calling thread. */
export function getCapabilities(): CapabilitySets {
  const data = new DataView(new ArrayBuffer(2 * CAP_DATA.SIZE));
  check("read the capabilities", libc.capget(header(), data));
  const read = (offset: number) =>
    BigInt(data.getUint32(offset, true)) |
    BigInt(data.getUint32(CAP_DATA.SIZE + offset, true)) << 32n;
  return {
    effective: read(CAP_DATA.EFFECTIVE),
    permitted: read(CAP_DATA.PERMITTED),
    inheritable: read(CAP_DATA.INHERITABLE),
  };
}

/**
 * Sets the sets of the calling thread.
 *
 * @throws SysError with EPERM when it asks for more than the thread may have
 */
export function setCapabilities(sets: CapabilitySets): void {
  const data = new DataView(new ArrayBuffer(2 * CAP_DATA.SIZE));
  const write = (offset: number, mask: CapabilityMask) => {
    data.setUint32(offset, Number(mask & 0xffffffffn), true);
    data.setUint32(CAP_DATA.SIZE + offset, Number(mask >> 32n), true);
  };
  write(CAP_DATA.EFFECTIVE, sets.effective);
  write(CAP_DATA.PERMITTED, sets.permitted);
  write(CAP_DATA.INHERITABLE, sets.inheritable);
  check("set the capabilities", libc.capset(header(), data));
}

/** Whether the calling thread may use `capability` now. */
export function hasCapability(capability: number): boolean {
  return (getCapabilities().effective >> BigInt(capability) & 1n) === 1n;
}

/**
 * Runs `body`, which executes or spawns a program, so that the program gets only those of the wanted
 * capabilities that this thread has, even if it runs as root. The thread itself keeps all it has.
 *
 * A program executed by root gets every capability again, unless the securebit NOROOT is set, which
 * takes CAP_SETPCAP. Without that, it gets all that the bounding set leaves.
 */
export function withInheritedCapabilities<T>(
  wanted: readonly number[],
  body: () => T,
): T {
  const before = getCapabilities();
  const ambientBefore = ambientCapabilities();
  // Negative where a sandbox in the kernel's place has none.
  const securebits = libc.prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  const inherited = wanted.filter((capability) =>
    (before.permitted >> BigInt(capability) & 1n) === 1n
  );
  try {
    setCapabilities({ ...before, inheritable: capabilityMask(inherited) });
    setAmbientCapabilities(inherited);
    // NO_SETUID_FIXUP keeps a program that changes its user from getting capabilities back.
    const strict = securebits | SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP;
    if (securebits >= 0) libc.prctl(PR_SET_SECUREBITS, strict, 0, 0, 0);
    return body();
  } finally {
    if (securebits >= 0) libc.prctl(PR_SET_SECUREBITS, securebits, 0, 0, 0);
    setCapabilities(before);
    setAmbientCapabilities(ambientBefore);
  }
}

/** Runs `body` on this thread with no more than `kept` in the effective set. */
export function withEffectiveCapabilities<T>(kept: readonly number[], body: () => T): T {
  const before = getCapabilities();
  setCapabilities({ ...before, effective: before.effective & capabilityMask(kept) });
  try {
    return body();
  } finally {
    setCapabilities(before);
  }
}

function ambientCapabilities(): number[] {
  const set: number[] = [];
  for (let capability = 0; capability < 64; capability++) {
    const isSet = libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0);
    // The kernel knows no capability of this number, nor any higher one.
    if (isSet < 0) break;
    if (isSet === 1) set.push(capability);
  }
  return set;
}

function setAmbientCapabilities(capabilities: readonly number[]): void {
  libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (const capability of capabilities) {
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
  }
}

function header(): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(CAP_HEADER.SIZE));
  view.setUint32(CAP_HEADER.VERSION, LINUX_CAPABILITY_VERSION_3, true);
  return view;
}
