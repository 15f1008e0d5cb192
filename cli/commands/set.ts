import { parseWgSet } from "../../core/wg/arguments.ts";
import { readKeyFile } from "../system/key_file.ts";
import { UsageError } from "../usage_error.ts";
import { runChange, systemSurroundings } from "../wg_change.ts";

/** `wgts set`: changes an interface as its arguments say. */
export async function main(args: string[]): Promise<number> {
  const [name, ...settings] = args;
  if (name === undefined || settings.length === 0) throw new UsageError();
  const surroundings = { ...systemSurroundings(), readKey: readKeyFile };
  return await runChange(name, () => parseWgSet(settings, surroundings));
}
