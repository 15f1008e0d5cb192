import { isInterfaceName } from "../../core/config/interface_name.ts";
import { splitEngineOptions } from "../engine/engine_options.ts";
import { requireCrypto } from "../engine/require_crypto.ts";
import { becomeEngine, WaitingEngine } from "../engine/start.ts";
import { UsageError } from "../program_name.ts";

/**
 * `wgts run`: creates an interface and serves it, as `wireguard-go` does. `WG_PROCESS_FOREGROUND=1`
 * in the environment means `--foreground`.
 */
export async function main(args: string[]): Promise<number> {
  const { rest, engine } = splitEngineOptions(args, (variable) => Deno.env.get(variable));
  const names = rest.filter((argument) => !argument.startsWith("-"));
  const options = rest.filter((argument) => argument.startsWith("-"));
  const [name] = names;
  const known = options.every((option) => option === "-f" || option === "--foreground");
  if (name === undefined || names.length !== 1 || !known) throw new UsageError();
  if (!isInterfaceName(name)) {
    console.error(
      `wgts: cannot name an interface "${name}": expected 1 to 15 of a-z A-Z 0-9 _ = + . -`,
    );
    return 1;
  }
  await requireCrypto(engine);
  if (options.length > 0 || Deno.env.get("WG_PROCESS_FOREGROUND") === "1") {
    const { OpenInterface } = await loadOpenInterface();
    becomeEngine(OpenInterface.open(name, engine), engine);
  }
  // First of all: it gets ready while the rest is loaded and done here.
  using waiting = WaitingEngine.start(name, { log: "syslog", options: engine });
  const { OpenInterface } = await loadOpenInterface();
  await waiting.serve(OpenInterface.open(name, engine));
  return 0;
}

function loadOpenInterface(): Promise<typeof import("../engine/open_interface.ts")> {
  return import("../engine/open_interface.ts");
}
