import { configRequest } from "../../core/uapi/print_request.ts";
import { importLater } from "../import_later.ts";
import { printError } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { printByEngine, writeText } from "../system/engine_print.ts";

// All else that these load: of each module that is the first to name another, `deno run` reads the source
// map, which takes as long as to load one.
import "../../core/uapi/client.ts";
import "../runtime_paths.ts";
import "../system/control_channel.ts";

type DeviceError = typeof import("../system/device_error.ts");
type ShowState = typeof import("../show_state.ts");

/** `wgts showconf`: an interface as the config that `setconf` would take. */
export async function main(args: string[]): Promise<number> {
  const [name] = args;
  if (name === undefined || args.length > 1) throw new UsageError();
  let write: () => void;
  try {
    write = await read(name);
  } catch (error) {
    const { deviceErrorText } = await importLater<DeviceError>("system/device_error.ts");
    printError(`Unable to access interface: ${deviceErrorText(error)}`);
    return 1;
  }
  write();
  return 0;
}

async function read(name: string): Promise<() => void> {
  const text = await printByEngine(configRequest(name));
  if (text !== null) return () => writeText(text);
  const { showStateAsConfig } = await importLater<ShowState>("show_state.ts");
  return await showStateAsConfig(name);
}
