import { locateConfig } from "../../core/config/interface_name.ts";
import { hasCapability } from "../../ffi/capabilities.ts";
import { CAP_NET_ADMIN } from "../../ffi/layout.ts";
import { WaitingEngine } from "../engine/start.ts";
import { engineStartOf, parseUpCall, type UpCall } from "../system/up_call.ts";

/**
 * `wgts up`: brings up the tunnel that a wg-quick(8) config describes.
 *
 * What this module imports is all that it takes to start an engine. That comes first, so that it gets ready
 * on another processor while the rest is loaded, and done, here.
 */
export async function main(args: string[]): Promise<number> {
  const call = parseUpCall(args);
  using engine = startEarly(call);
  const { runUp } = await import("../system/up_run.ts");
  return await runUp(call, engine);
}

/** Starts the engine that `call` will need, if that is clear by now; else returns null. */
function startEarly(call: UpCall): WaitingEngine | null {
  const location = locateConfig(call.operand);
  const isClear = location !== null && call.backend === "userspace" && !call.dryRun &&
    hasCapability(CAP_NET_ADMIN);
  return isClear ? WaitingEngine.start(location.name, engineStartOf(call)) : null;
}
