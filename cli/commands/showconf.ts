import type { PeerPrinter } from "../../core/show/peer_printers.ts";
import { formatShowconf } from "../../core/show/showconf.ts";
import { importLater } from "../import_later.ts";
import { printError, writeShown } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { deviceErrorText } from "../system/device_error.ts";
import { readToShow, type Shown } from "../system/interfaces.ts";

/** `wgts showconf`: an interface as the config that `setconf` would take. */
export async function main(args: string[]): Promise<number> {
  const [name] = args;
  if (name === undefined || args.length > 1) throw new UsageError();
  let shown: Shown;
  try {
    shown = await readToShow(name, Date.now(), { publicKey: false, printer });
  } catch (error) {
    printError(`Unable to access interface: ${deviceErrorText(error)}`);
    return 1;
  }
  writeShown(formatShowconf(shown.state), shown.peers);
  return 0;
}

type PeerPrinters = typeof import("../../core/show/peer_printers.ts");

async function printer(): Promise<PeerPrinter> {
  const { ShowconfPrinter } = await importLater<PeerPrinters>("../core/show/peer_printers.ts");
  return new ShowconfPrinter();
}
