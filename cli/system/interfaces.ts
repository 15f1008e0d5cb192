/**
 * The WireGuard interfaces of this host, whatever serves them: what all commands list and read them through. As with `wg`, a control socket goes before an interface of the kernel's that has its name.
 *
 * @module
 */
import type { InterfaceState } from "../../core/interface_state.ts";
import type { PeerPrinter } from "../../core/show/peer_printers.ts";
import type { TextBuffer } from "../../core/text_buffer.ts";
import { importLater } from "../import_later.ts";
import * as client from "./control_client.ts";

type KernelInterface = typeof import("./kernel_interface.ts");
type KernelLinks = typeof import("./kernel_links.ts");

/**
 * The names of all interfaces: first those that the kernel serves, then those with a control socket; each
 * in the order in which the kernel lists them.
 *
 * @throws SysError when the kernel can't be asked
 */
export async function listInterfaces(): Promise<string[]> {
  return [...await listKernelInterfaces(), ...await client.listInterfaces()];
}

async function listKernelInterfaces(): Promise<string[]> {
  // Where there can be none, the way to ask the kernel needn't be loaded.
  if (kernelLacksWireguard()) return [];
  const links = await importLater<KernelLinks>("system/kernel_links.ts");
  return links.listKernelInterfaces();
}

/** Whether the kernel is known to serve no interface: its module shows in sysfs, built in or loaded. */
function kernelLacksWireguard(): boolean {
  try {
    // To look for the one would take longer where it isn't there: errors are slow.
    for (const { name } of Deno.readDirSync("/sys/module")) if (name === "wireguard") return false;
    return true;
  } catch {
    return false;
  }
}

/**
 * The state of the interface `name`; `wall` is the present time in ms since 1970 UTC. `publicKey` says
 * whether its public key is wanted, which may have to be derived.
 *
 * @throws SysError with ENODEV when there is no such interface, EPROTONOSUPPORT when there is no such
 * control socket and the kernel lacks WireGuard, EOPNOTSUPP when it is another kind of interface, EACCES
 * or EPERM without permission; UapiError when its control socket answers an error
 */
export async function getInterface(
  name: string,
  wall: number,
  { publicKey = true } = {},
): Promise<InterfaceState> {
  const state = await client.getInterface(name, wall, publicKey);
  return state ?? await getKernelInterface(name);
}

/**
 * As {@linkcode getInterface}, but hands out the peers of a long answer while it comes: to keep very many
 * would take longer.
 */
export async function readInterface(
  name: string,
  wall: number,
  wanted: client.Wanted,
): Promise<InterfaceState> {
  return await client.readInterface(name, wall, wanted) ?? await getKernelInterface(name);
}

/** An interface, and its peers as text where they were printed. */
export interface Shown {
  readonly state: InterfaceState;
  /** Null unless peers were printed; those aren't in the state then. Wipe it. */
  readonly peers: TextBuffer | null;
}

/** What is wanted of an interface that is shown. */
export interface WantedToShow {
  /** As in {@linkcode client.Wanted}. */
  readonly publicKey: boolean;
  /** What prints its peers, by the interface's name, if they are very many; null if nothing does. */
  readonly printer: ((name: string) => Promise<PeerPrinter | null>) | null;
}

/** As {@linkcode getInterface}, but prints the peers of a long answer while it comes. */
export async function readToShow(
  name: string,
  wall: number,
  { publicKey, printer }: WantedToShow,
): Promise<Shown> {
  let used: PeerPrinter | null | undefined;
  const receiver = async (shownName: string) => used = await printer?.(shownName) ?? null;
  try {
    const state = await readInterface(name, wall, { publicKey, receiver });
    return { state, peers: used?.finish() ?? null };
  } catch (error) {
    used?.wipe();
    throw error;
  }
}

async function getKernelInterface(name: string): Promise<InterfaceState> {
  const kernel = await importLater<KernelInterface>("system/kernel_interface.ts");
  return kernel.getKernelInterface(name);
}
