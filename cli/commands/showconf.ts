import type { PeerPrinter } from "../../core/show/peer_printers.ts";
import { formatShowconf } from "../../core/show/showconf.ts";
import { importLater } from "../import_later.ts";
import { printError, writeShown } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { readToShow, type Shown } from "../system/interfaces.ts";

// All else that these load: of each module that is the first to name another, `deno run` reads the source
// map, which takes as long as to load one.
import "../../core/ip.ts";
import "../../core/keys.ts";
import "../../core/memory.ts";
import "../../core/uapi/client.ts";
import "../../core/uapi/get_reader.ts";
import "../../core/uapi/values.ts";
import "../public_key.ts";
import "../system/control_channel.ts";

type DeviceError = typeof import("../system/device_error.ts");
type PeerPrinters = typeof import("../../core/show/peer_printers.ts");

/** `wgts showconf`: an interface as the config that `setconf` would take. */
export async function main(args: string[]): Promise<number> {
  const [name] = args;
  if (name === undefined || args.length > 1) throw new UsageError();
  let shown: Shown;
  try {
    shown = await readToShow(name, Date.now(), { publicKey: false, printer });
  } catch (error) {
    const { deviceErrorText } = await importLater<DeviceError>("system/device_error.ts");
    printError(`Unable to access interface: ${deviceErrorText(error)}`);
    return 1;
  }
  writeShown(formatShowconf(shown.state), shown.peers);
  return 0;
}

async function printer(): Promise<PeerPrinter> {
  const { ShowconfPrinter } = await importLater<PeerPrinters>("../core/show/peer_printers.ts");
  return new ShowconfPrinter();
}
