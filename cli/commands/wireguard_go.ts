import { TunDevice } from "../../ffi/tun.ts";
import { splitEngineOptions } from "../engine/engine_options.ts";
import { OpenInterface } from "../engine/open_interface.ts";
import { requireCrypto } from "../engine/require_crypto.ts";
import { becomeEngine, WaitingEngine } from "../engine/start.ts";
import { writeStdout } from "../output.ts";
import { programName } from "../program_name.ts";
import { VERSION, WIREGUARD_GO_VERSION } from "../version.ts";

/** Levels of `LOG_LEVEL`; `info` had been one of wireguard-go's, and is one of ours. */
const LOG_LEVELS = ["verbose", "debug", "info", "error", "silent"];

/**
 * `wireguard-go [-f] INTERFACE-NAME`: creates the interface and serves it, in the background unless told
 * otherwise. `WG_TUN_FD` and `WG_UAPI_FD` in the environment are file descriptors to serve instead.
 */
export async function main(args: string[]): Promise<number> {
  if (args.length === 1 && args[0] === "--version") {
    writeStdout(version());
    return 0;
  }
  const call = parse(args);
  if (call === null) {
    writeStdout(`Usage: ${programName()} [-f/--foreground] INTERFACE-NAME\n`);
    return 0;
  }
  const { engine: options } = splitEngineOptions([], (variable) => Deno.env.get(variable));
  await requireCrypto(options);
  const level = Deno.env.get("LOG_LEVEL") ?? "";
  if (!LOG_LEVELS.includes(level)) Deno.env.set("LOG_LEVEL", "error");
  const inherited = { tun: inheritedFd("WG_TUN_FD"), control: inheritedFd("WG_UAPI_FD") };
  const name = inherited.tun === null ? call.name : TunDevice.fromFd(inherited.tun).name;
  if (call.foreground) becomeEngine(OpenInterface.open(name, options, inherited), options);
  const log = level !== "" && level !== "silent" ? "stderr" : "syslog";
  using engine = WaitingEngine.start(name, { log, options });
  await engine.serve(OpenInterface.open(name, options, inherited));
  return 0;
}

/** Null when it is called wrongly. */
function parse(args: readonly string[]): { name: string; foreground: boolean } | null {
  const option = args[0] === "-f" || args[0] === "--foreground";
  const [name, ...more] = option ? args.slice(1) : args;
  // wireguard-go would create an interface "--help".
  if (name === undefined || more.length > 0 || name.startsWith("-")) return null;
  return { name, foreground: option || Deno.env.get("WG_PROCESS_FOREGROUND") === "1" };
}

/** The file descriptor that an environment variable names; null when it isn't set. */
function inheritedFd(variable: string): number | null {
  const text = Deno.env.get(variable) ?? "";
  if (text === "") return null;
  const fd = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
  if (fd < 0) throw new Error(`Cannot use ${variable}=${text}: expected a file descriptor`);
  return fd;
}

/** The first line as scripts parse it. */
function version(): string {
  const architecture = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
  return `\
wireguard-go v${WIREGUARD_GO_VERSION}

Userspace WireGuard daemon for linux-${architecture}, by wgts v${VERSION}.
Information available at https://www.wireguard.com.
`;
}
