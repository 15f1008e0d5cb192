/** `setconf`, `addconf` and `syncconf`. */

import { decodeConfigText } from "../core/config/text.ts";
import type { WgChange } from "../core/wg/change.ts";
import { parseWgFile } from "../core/wg/config.ts";
import { WgError } from "../core/wg/error.ts";
import { UsageError } from "./program_name.ts";
import { deviceErrorText } from "./system/device_error.ts";
import { getInterface } from "./system/interfaces.ts";
import { osErrorText } from "./system/os_error.ts";
import { deviceName, runChange, systemSurroundings } from "./wg_change.ts";

/** Runs one of these commands with the arguments behind its name; gives the exit code. */
export async function runConfigChange(
  command: "setconf" | "addconf" | "syncconf",
  args: readonly string[],
): Promise<number> {
  const [name, path] = args;
  if (name === undefined || path === undefined || args.length > 2) throw new UsageError();
  return await runChange(name, async () => {
    const mode = command === "addconf" ? "add" : "replace";
    const change = parseWgFile(readFile(path), mode, await systemSurroundings());
    return command === "syncconf" ? await syncWith(deviceName(name), change) : change;
  });
}

/** A file that can't be read to its end isn't taken for an empty one, which would remove all peers. */
function readFile(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw new WgError(`fopen: ${osErrorText(error)}`);
  }
  const text = decodeConfigText(bytes);
  bytes.fill(0);
  return text;
}

/** Without peers there is nothing to compare, and nobody is asked. */
async function syncWith(name: string, file: WgChange): Promise<WgChange> {
  if (file.peers.length === 0) return file;
  const { syncChange } = await import("../core/wg/syncconf.ts");
  try {
    return syncChange(file, await getInterface(name, Date.now(), { publicKey: false }));
  } catch (error) {
    const reason = deviceErrorText(error);
    throw new WgError(`Unable to retrieve current interface configuration: ${reason}`);
  }
}
