/**
 * The names of the WireGuard interfaces of this host, whatever serves them.
 *
 * @module
 */
import { CONTROL_DIRECTORY } from "../../core/uapi/client.ts";
import { importLater } from "../import_later.ts";
import { ControlChannel, leadsToSocket } from "./control_channel.ts";

type KernelLinks = typeof import("./kernel_links.ts");

const SUFFIX = ".sock";

/**
 * The names of all interfaces: first those that the kernel serves, then those with a control socket; each
 * in the order in which the kernel lists them.
 *
 * @throws SysError when the kernel can't be asked
 */
export async function listInterfaces(): Promise<string[]> {
  return [...await listKernelInterfaces(), ...await listUserspaceInterfaces()];
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
 * The names of the userspace WireGuard interfaces, in the order of the directory. Sockets that nobody
 * listens at any more are removed, as `wg` does.
 */
async function listUserspaceInterfaces(): Promise<string[]> {
  const names: string[] = [];
  try {
    for (const entry of Deno.readDirSync(CONTROL_DIRECTORY)) {
      if (!entry.name.endsWith(SUFFIX)) continue;
      const name = entry.name.slice(0, -SUFFIX.length);
      if (await isServed(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

/** Whether somebody listens at the control socket of `name`, or may: only whom it is for can know. */
async function isServed(name: string): Promise<boolean> {
  try {
    // Where too many wait already, somebody does, even if nobody is ever accepted.
    using channel = await ControlChannel.open(name, 0);
    return channel !== null;
  } catch {
    return leadsToSocket(`${CONTROL_DIRECTORY}/${name}${SUFFIX}`);
  }
}
