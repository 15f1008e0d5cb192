import type { PeerFormat } from "../../core/show/long_answer.ts";
import { formatShowconf } from "../../core/show/showconf.ts";
import { importLater } from "../import_later.ts";
import { printError, writeShown } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { deviceErrorText } from "../system/device_error.ts";
import type { Shown } from "../system/control_client.ts";
import { readInterface } from "../system/interfaces.ts";

/** `wgts showconf`: an interface as the config that `setconf` would take. */
export async function main(args: string[]): Promise<number> {
  const [name] = args;
  if (name === undefined || args.length > 1) throw new UsageError();
  let shown: Shown;
  try {
    shown = await readInterface(name, Date.now(), { publicKey: false, format });
  } catch (error) {
    printError(`Unable to access interface: ${deviceErrorText(error)}`);
    return 1;
  }
  writeShown(formatShowconf(shown.state), shown.peers);
  return 0;
}

type PeerFormats = typeof import("../../core/show/peer_formats.ts");

async function format(): Promise<PeerFormat> {
  const { showconfFormat } = await importLater<PeerFormats>("../core/show/peer_formats.ts");
  return showconfFormat();
}
