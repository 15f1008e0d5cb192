/** What `set`, `setconf`, `addconf` and `syncconf` have in common. */

import { encodeConfigText } from "../core/config/text.ts";
import type { WgChange } from "../core/wg/change.ts";
import { formatUapiChange } from "../core/uapi/change_request.ts";
import { checkUapiResult } from "../core/uapi/client.ts";
import { WgError } from "../core/wg/error.ts";
import type { WgSurroundings } from "../core/wg/surroundings.ts";
import { wipeKeys } from "../core/wg/values.ts";
import { importLater } from "./import_later.ts";
import { environmentText } from "./output.ts";
import { ControlChannel, deviceName } from "./system/control_channel.ts";

type DeviceError = typeof import("./system/device_error.ts");
type KernelInterface = typeof import("./system/kernel_interface.ts");
type Resolver = typeof import("./system/wg_resolver.ts");

/** How configurations are read here. */
export async function systemSurroundings(): Promise<WgSurroundings> {
  const { parseRetriesStrictly, portNow, resolveNow } = await importLater<Resolver>(
    "system/wg_resolver.ts",
  );
  const retries = environmentText("WG_ENDPOINT_RESOLUTION_RETRIES");
  const options = { retries, print: printWords };
  return {
    checkLookups: () => {
      parseRetriesStrictly(retries);
    },
    resolve: (host, service, text) => resolveNow(host, service, text, options),
    port: (service) => portNow(service, options),
    warn: printWords,
  };
}

/** Prints a line to stderr; what it repeats of a file comes out byte for byte. */
export function printWords(line: string): void {
  const bytes = encodeConfigText(`${line}\n`);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
  } catch {
    // There is nobody left to tell.
  }
}

/**
 * Runs a command that changes an interface: reads the change, makes it, and wipes its keys. Gives the
 * exit code.
 */
export async function runChange(
  name: string,
  read: () => WgChange | Promise<WgChange>,
): Promise<number> {
  let change: WgChange;
  try {
    change = await read();
  } catch (error) {
    if (!(error instanceof WgError)) throw error;
    printWords(error.message);
    return 1;
  }
  try {
    await changeInterface(deviceName(name), change);
    return 0;
  } catch (error) {
    const { deviceErrorText } = await importLater<DeviceError>(
      "system/device_error.ts",
    );
    printWords(`Unable to modify interface: ${deviceErrorText(error)}`);
    return 1;
  } finally {
    wipeKeys(change);
  }
}

/**
 * Changes the interface `name`, whatever serves it; a control socket goes before an interface of the
 * kernel's that has its name. Not atomic: what stands before a refused part may be applied.
 *
 * @throws as `getInterface`; SysError with EADDRINUSE when the kernel can't have the port, EINVAL
 * when it can't remove single allowed IPs (before Linux 6.16)
 */
export async function changeInterface(name: string, change: WgChange): Promise<void> {
  using channel = await ControlChannel.open(name);
  if (channel !== null) return checkUapiResult(await channel.askToSet(formatUapiChange(change)));
  const kernel = await importLater<KernelInterface>("system/kernel_interface.ts");
  const peers = change.peers.map((peer) => ({ ...peer, allowedIps: peer.allowedIps.changes() }));
  kernel.changeKernelInterface(name, { ...change, peers });
}
