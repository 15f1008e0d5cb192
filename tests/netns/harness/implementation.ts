/** The implementations of WireGuard that tunnel with each other in the tests. */
import type { Machine } from "./machine.ts";
import { BORINGTUN, CURRENT_WIREGUARD_GO, wgts } from "./program.ts";

export interface Implementation {
  readonly name: string;
  /** It could not be installed, of which the set-up has told. */
  readonly missing?: boolean;
  /** Creates an interface; its removal by `ip link delete` ends everything that belongs to it. */
  start(machine: Machine, device: string): Promise<void>;
}

export const KERNEL: Implementation = {
  name: "the kernel",
  async start(machine, device) {
    await machine.sh(`ip link add ${device} type wireguard`);
  },
};

export const WIREGUARD_GO: Implementation = userspace("wireguard-go", () => ["wireguard-go"]);

export const WIREGUARD_GO_CURRENT: Implementation = {
  ...userspace("the current wireguard-go", () => [CURRENT_WIREGUARD_GO]),
  missing: !isFile(CURRENT_WIREGUARD_GO),
};

/** It keeps the privileges that it needs as root of a namespace. */
export const BORINGTUN_CURRENT: Implementation = {
  ...userspace("boringtun", () => ["WG_SUDO=true", BORINGTUN]),
  missing: !isFile(BORINGTUN),
};

export const WGTS: Implementation = userspace("wgts", () => [...wgts(), "run"]);

/** wgts with options of `wgts run`. */
export function wgtsWith(...options: string[]): Implementation {
  return userspace(`wgts ${options.join(" ")}`, () => [...wgts(), "run", ...options]);
}

/**
 * What is tested: wgts, or, to test these tests, the implementation that the environment variable
 * WGTS_TEST_IMPLEMENTATION names.
 */
export const TESTED: Implementation = Deno.env.get("WGTS_TEST_IMPLEMENTATION") === "wireguard-go"
  ? WIREGUARD_GO
  : WGTS;

function userspace(name: string, command: () => string[]): Implementation {
  return {
    name,
    async start(machine, device) {
      await machine.sh([...command(), device].join(" "));
    },
  };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
