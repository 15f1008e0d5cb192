import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import type { Backend } from "../../core/plan.ts";
import { parseBinding, withBindingOf } from "../engine/socket_binding.ts";
import { engineOption, splitEngineOptions } from "../engine/engine_options.ts";
import { openInterface } from "../engine/open_interface.ts";
import { requireCrypto } from "../engine/require_crypto.ts";
import { startEngine } from "../engine/start.ts";
import { RUNTIME_DIRECTORY } from "../journal.ts";
import { printError } from "../output.ts";
import type { Attended } from "../system/attend.ts";
import { splitBackend } from "../system/backend.ts";
import { parseCommandLine } from "../system/command_line.ts";
import { readConfig, requireLocation } from "../system/config_file.ts";
import { Interruptions } from "../system/interruption.ts";
import { LinuxSystem } from "../system/linux.ts";
import { messageOf } from "../system/message_of.ts";
import { requireNetAdmin } from "../system/privileges.ts";
import { namespaceInode } from "../system/namespace_name.ts";
import { enterNetns } from "../system/netns.ts";
import { exitCodeOf } from "../system/report.ts";
import { saveLater } from "../system/save_later.ts";
import { currentScope } from "../system/scope.ts";
import { Session } from "../system/session.ts";
import { supervise } from "../system/supervise.ts";
import { bringUp, interfaceIndexOf, printUp, takeDown } from "../system/tunnel.ts";
import { UsageError } from "../usage_error.ts";

const SWITCHES = ["--foreground", "-f", "--dry-run", "--strict"];

/** `wgts up`: brings up the tunnel that a wg-quick(8) config describes. */
export async function main(args: string[]): Promise<number> {
  const { rest: own, birth } = enterNetns("up", args);
  const environment = (variable: string) => Deno.env.get(variable);
  const { rest: others, backend: choice } = splitBackend(own, environment);
  const { rest, engine: options } = splitEngineOptions(others, environment);
  const line = parseCommandLine(rest, SWITCHES);
  if (line === null) throw new UsageError();
  const dryRun = line.switches.has("--dry-run");
  const foreground = line.switches.has("--foreground") || line.switches.has("-f");
  const location = requireLocation(line.operand);
  if (!dryRun) requireNetAdmin(`bring up ${location.name}`);
  const backend = choice === "auto" ? await findBackend() : choice;
  if (backend === "userspace") await requireCrypto(options);
  else warnOfStatusGroup(options);
  const { config, path } = readConfig(location.path, printError);
  if (backend === "kernel") refuseBinding(config.interface, options);
  using system = new LinuxSystem({
    configFile: path,
    config: () => config.interface,
    startEngine: (name) =>
      startEngine(openInterface(name), {
        log: foreground ? "stderr" : "syslog",
        // Whatever the reason: until `down', the tunnel should be up.
        options: [...withBindingOf(config.interface, options), "--explain-end"],
        namespace: birth,
      }),
    print: printError,
    birthNamespace: birth,
  });
  using interruptions = new Interruptions();
  const session = new Session({
    name: location.name,
    system,
    scope: currentScope(),
    directory: RUNTIME_DIRECTORY,
    backend,
    birthNamespace: birth === null ? null : namespaceInode(birth),
    strict: line.switches.has("--strict"),
    signal: interruptions.signal,
    print: printError,
  });
  try {
    if (dryRun) {
      await printUp(session, config, path);
      return 0;
    }
    const state = await bringUp(session, config, path);
    const index = config.interface.eventHooks === undefined ? null : interfaceIndexOf(state);
    const attended = index === null ? null : { name: location.name, index, configPath: path };
    if (!foreground) {
      if (attended !== null) await startAttendantOrWarn(session, attended);
      return 0;
    }
    const log = (line: string) => printError(`wgts: (${location.name}) ${line}`);
    const attendant = attended === null ? null : (await loadAttend()).attendHere(attended, log);
    return await supervise(session, state, attendant, () => saveLater(location.name, path));
  } catch (error) {
    return exitCodeOf(error);
  }
}

/** Most configs have no use for it. */
function loadAttend(): Promise<typeof import("../system/attend.ts")> {
  return import("../system/attend.ts");
}

/** A tunnel without the commands for its events still is one, unless `session` is strict. */
async function startAttendantOrWarn(session: Session, attended: Attended): Promise<void> {
  const { startAttendant } = await loadAttend();
  try {
    startAttendant(attended);
  } catch (error) {
    if (session.strict) {
      await takeDown(session.uninterrupted(), { force: true, interfaceIndex: attended.index });
      throw error;
    }
    session.warn(`no command of the config runs for its events: ${messageOf(error)}`);
  }
}

/** The kernel where it has WireGuard, as wg-quick takes it. */
async function findBackend(): Promise<Backend> {
  const { kernelHasWireguard } = await import("../system/kernel_interface.ts");
  return kernelHasWireguard() ? "kernel" : "userspace";
}

/** The kernel's WireGuard has no setting for it; a tunnel that ignores it would break a promise. */
function refuseBinding(config: QuickInterfaceConfig, options: readonly string[]): void {
  const { addresses, interfaceName } = parseBinding(withBindingOf(config, options));
  if (addresses.length === 0 && interfaceName === null) return;
  throw new Error(
    "The kernel's WireGuard can't be bound to an address or interface: use --backend=userspace",
  );
}

function warnOfStatusGroup(options: readonly string[]): void {
  if (engineOption(options, "--status-group") === undefined) return;
  printError(
    "wgts: warning: --status-group does nothing here: only root may ask the kernel for its interfaces",
  );
}
