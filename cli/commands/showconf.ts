import type { InterfaceState } from "../../core/interface_state.ts";
import { formatShowconf } from "../../core/show/showconf.ts";
import { printError, writeStdout } from "../output.ts";
import { deviceErrorText } from "../system/device_error.ts";
import { getInterface } from "../system/interfaces.ts";
import { UsageError } from "../usage_error.ts";

/** `wgts showconf`: an interface as the config that `setconf` would take. */
export async function main(args: string[]): Promise<number> {
  const [name] = args;
  if (name === undefined || args.length > 1) throw new UsageError();
  let state: InterfaceState;
  try {
    state = await getInterface(name, Date.now(), { publicKey: false });
  } catch (error) {
    printError(`Unable to access interface: ${deviceErrorText(error)}`);
    return 1;
  }
  writeStdout(formatShowconf(state));
  return 0;
}
