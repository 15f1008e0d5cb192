import type { WgChange } from "../../core/wg/change.ts";
import { formatUapiChange } from "../../core/uapi/change_request.ts";
import { checkUapiResult } from "../../core/uapi/client.ts";
import { importLater } from "../import_later.ts";
import { ControlChannel } from "./control_channel.ts";

type KernelInterface = typeof import("./kernel_interface.ts");

/**
 * Changes the interface `name`, whatever serves it; a control socket goes before an interface of the
 * kernel's that has its name. Not atomic: what stands before a refused part may be applied.
 *
 * @throws as {@linkcode getInterface}; SysError with EADDRINUSE when the kernel can't have the port, EINVAL
 * when it can't remove single allowed IPs (before Linux 6.16)
 */
export async function changeInterface(name: string, change: WgChange): Promise<void> {
  using channel = await ControlChannel.open(name);
  if (channel !== null) return checkUapiResult(await channel.askToSet(formatUapiChange(change)));
  const kernel = await importLater<KernelInterface>("system/kernel_interface.ts");
  const peers = change.peers.map((peer) => ({ ...peer, allowedIps: peer.allowedIps.changes() }));
  kernel.changeKernelInterface(name, { ...change, peers });
}
