/** Finds out what can be measured on this machine. */
import { Host } from "../netns/harness/host.ts";
import configuration from "../../deno.json" with { type: "json" };
import { DIRECT, type Implementation, KERNEL } from "./implementation.ts";
import { findPeers } from "./peers.ts";
import type { Programs } from "./programs.ts";
import { startEngine, stopEngine, waitForInterface } from "./tunnel.ts";

/** Implementations of the cryptography that wgts may have. */
const BACKENDS = ["wasm", "libcrypto", "native"] as const;

const NAME = `wgts ${configuration.version}`;

/** All implementations, in the order of the table. */
export async function discover(programs: Programs, install: boolean): Promise<Implementation[]> {
  await using host = await Host.create("discovery");
  const program = programs.path("wgts");
  const wgts = wgtsWith("wgts", NAME, program);
  const variants: Implementation[] = [];
  for (const backend of BACKENDS) {
    const variant = wgtsWith(`wgts-${backend}`, `${NAME} with ${backend}`, program, [
      `--crypto=${backend}`,
    ]);
    if (await serves(host, variant)) variants.push(variant);
  }
  const plain = wgtsWith("wgts-no-offload", `${NAME} without offload`, program, [
    "--offload=off",
  ]);
  if (await serves(host, plain)) variants.push({ ...plain, onRequest: true });
  const nullAead = wgtsWith(
    "wgts-null-aead",
    `${NAME} without encryption`,
    programs.path("wgts-null-aead"),
  );
  return [
    wgts,
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

/** Whether an interface can be had of it: it refuses options that it doesn't know or can't fulfil. */
async function serves(host: Host, implementation: Implementation): Promise<boolean> {
  const device = "probe0";
  const engine = await startEngine(host, implementation, implementation.serve?.(device) ?? []);
  try {
    await waitForInterface(host, engine, device);
    return true;
  } catch {
    return false;
  } finally {
    await stopEngine(engine);
  }
}

async function hasKernelWireguard(host: Host): Promise<boolean> {
  const create = "ip link add probe0 type wireguard && ip link delete probe0";
  return (await host.attempt(create)).code === 0;
}
