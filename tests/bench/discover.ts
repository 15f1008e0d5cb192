/** Finds out what can be measured on this machine. */
import { Host } from "../netns/harness/host.ts";
import configuration from "../../deno.json" with { type: "json" };
import { DIRECT, type Implementation, KERNEL } from "./implementation.ts";
import { findPeers } from "./peers.ts";
import type { Programs } from "./programs.ts";
import { startEngine, stopEngine, waitForInterface } from "./tunnel.ts";

/** Implementations of the cryptography that wgts may have. */
const BACKENDS = ["wasm", "libcrypto", "native"] as const;

/** The backend whose row is left out when it is what wgts chooses by itself: no bar is about it. */
const REDUNDANT = "native";

const NAME = `wgts ${configuration.version}`;

/** Variants that are measured only when they are asked for. */
const ON_REQUEST: Readonly<Record<string, string>> = {
  "wgts-no-offload": "--offload=off",
  "wgts-2-threads": "--threads=2",
};

/** All implementations, in the order of the table. */
export async function discover(programs: Programs, install: boolean): Promise<Implementation[]> {
  await using host = await Host.create("discovery");
  const program = programs.path("wgts");
  const chosen = await probe(host, wgtsWith("wgts", NAME, program));
  if (chosen === null) throw new Error(`${program} run can't serve an interface`);
  const variants: Implementation[] = [];
  for (const backend of BACKENDS) {
    if (backend === REDUNDANT && chosen.crypto === backend) continue;
    const option = `--crypto=${backend}`;
    const variant = wgtsWith(`wgts-${backend}`, `${NAME} ${option}`, program, [option]);
    if (await probe(host, variant) !== null) variants.push(variant);
  }
  for (const [id, option] of Object.entries(ON_REQUEST)) {
    const variant = wgtsWith(id, `${NAME} ${option}`, program, [option]);
    if (await probe(host, variant) !== null) variants.push({ ...variant, onRequest: true });
  }
  const nullAead = wgtsWith(
    "wgts-null-aead",
    `${NAME} without encryption`,
    programs.path("wgts-null-aead"),
  );
  return [
    wgtsWith("wgts", `${NAME}, which chose ${chosen.crypto}`, program),
    ...variants,
    {
      ...nullAead,
      kind: "reference",
      needs: "wgts-null-aead",
      without: ["memory", "idle", "handshake"],
    },
    ...await findPeers(install),
    ...(await hasKernelWireguard(host) ? [KERNEL] : []),
    DIRECT,
    {
      id: "empty",
      name: "a compiled program that does nothing, with one worker",
      kind: "reference",
      serve: null,
      needs: "empty",
      program: [programs.path("empty")],
    },
  ];
}

function wgtsWith(
  id: string,
  name: string,
  program: string,
  options: readonly string[] = [],
): Implementation {
  const serve = (device: string) => [program, "run", "--foreground", ...options, device];
  return { id, name, kind: "wgts", serve };
}

/**
 * Tries an implementation of this repository, which refuses options that it doesn't know or can't fulfil:
 * then null, else the cryptography that its status tells.
 */
async function probe(host: Host, implementation: Implementation): Promise<Probe | null> {
  const device = "probe0";
  const command = implementation.serve?.(device) ?? [];
  const engine = await startEngine(host, implementation, command);
  try {
    await waitForInterface(host, engine, device);
    const { stdout } = await host.try([...command.slice(0, 1), "status", device]);
    return { crypto: /^ *crypto (\S+): on/m.exec(stdout)?.[1] ?? "unknown cryptography" };
  } catch {
    return null;
  } finally {
    await stopEngine(engine);
  }
}

/** What was found of an implementation. */
interface Probe {
  readonly crypto: string;
}

async function hasKernelWireguard(host: Host): Promise<boolean> {
  const create = "ip link add probe0 type wireguard && ip link delete probe0";
  return (await host.attempt(create)).code === 0;
}
