import { parseDecimal } from "../../core/config/values.ts";
import { parseWgSet, type WgSetSurroundings } from "../../core/wg/arguments.ts";
import { importLater } from "../import_later.ts";
import { UsageError } from "../program_name.ts";
import { printWords, runChange, systemSurroundings } from "../wg_change.ts";

// All else that these load: of each module that is the first to name another, `deno run` reads the source
// map, which takes as long as to load one.
import "../../core/allowed_ip_list.ts";
import "../../core/canonical_prefix.ts";
import "../../core/config/text.ts";
import "../../core/hidden_keys.ts";
import "../../core/ip.ts";
import "../../core/keys.ts";
import "../../core/memory.ts";
import "../../core/uapi/change_request.ts";
import "../../core/uapi/chunk.ts";
import "../../core/uapi/client.ts";
import "../../core/uapi/values.ts";
import "../../core/wg/error.ts";
import "../../core/wg/values.ts";
import "../system/control_channel.ts";

type KeyFile = typeof import("../system/key_file.ts");

/** `wgts set`: changes an interface as its arguments say. */
export async function main(args: string[]): Promise<number> {
  const [name, ...settings] = args;
  if (name === undefined || settings.length === 0) throw new UsageError();
  const surroundings = await surroundingsFor(settings);
  return await runChange(name, () => parseWgSet(settings, surroundings));
}

/**
 * What these arguments are read with. What looks names up and reads keys takes longer to load than all of
 * the rest, and most changes need neither.
 */
async function surroundingsFor(settings: readonly string[]): Promise<WgSetSurroundings> {
  const looksUp = settings.some((word, at) =>
    word === "endpoint" ||
    (word === "listen-port" && parseDecimal(settings[at + 1] ?? "", 0xffff) === null)
  );
  const readsKeys = settings.some((word) => word === "private-key" || word === "preshared-key");
  const surroundings = looksUp ? await systemSurroundings() : WITHOUT_NAMES;
  if (!readsKeys) return { ...surroundings, readKey: unexpected };
  const { readKeyFile } = await importLater<KeyFile>("system/key_file.ts");
  return { ...surroundings, readKey: readKeyFile };
}

const WITHOUT_NAMES = { resolve: unexpected, port: unexpected, warn: printWords };

function unexpected(): never {
  throw new Error("An argument was read that nobody had seen");
}
