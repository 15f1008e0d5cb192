import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import type { Backend } from "../../core/plan.ts";
import { engineOption } from "../engine/engine_options.ts";
import { OpenInterface } from "../engine/open_interface.ts";
import { requireCrypto } from "../engine/require_crypto.ts";
import { bindingOptionsOf, parseBinding } from "../engine/socket_binding.ts";
import { WaitingEngine } from "../engine/start.ts";
import { RUNTIME_DIRECTORY } from "../journal.ts";
import { printError } from "../output.ts";
import type { Attended } from "./attend.ts";
import { readConfig, requireLocation } from "./config_file.ts";
import { Interruptions } from "./interruption.ts";
import { LinuxSystem } from "./linux.ts";
import { messageOf } from "./message_of.ts";
import { namespaceInode } from "./namespace_name.ts";
import { requireNetAdmin } from "./privileges.ts";
import { exitCodeOf } from "./report.ts";
import { saveLater } from "./save_later.ts";
import { currentScope } from "./scope.ts";
import { Session } from "./session.ts";
import { supervise } from "./supervise.ts";
import { bringUp, interfaceIndexOf, printUp, takeDown } from "./tunnel.ts";
import { engineStartOf, type UpCall } from "./up_call.ts";

/**
 * Brings up the tunnel that `call` asks for, and gives the exit code. `waiting` is the engine that is to serve
 * it; with null, one is started if there is to be one after all.
 */
export async function runUp(call: UpCall, waiting: WaitingEngine | null): Promise<number> {
  const { dryRun, foreground, birth, options } = call;
  const location = requireLocation(call.operand);
  if (!dryRun) requireNetAdmin(`bring up ${location.name}`);
  const backend = call.backend === "auto" ? await findBackend() : call.backend;
  if (backend === "userspace") await requireCrypto(options);
  else warnOfStatusGroup(options);
  const { config, path } = readConfig(location.path, printError);
  if (backend === "kernel") refuseBinding(config.interface, options);
  using system = new LinuxSystem({
    configFile: path,
    config: () => config.interface,
    startEngine: async (name) => {
      using engine = waiting ?? WaitingEngine.start(name, engineStartOf(call));
      const opened = OpenInterface.open(name, options);
      return await engine.serve(opened, bindingOptionsOf(config.interface, options));
    },
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
    strict: call.strict,
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
function loadAttend(): Promise<typeof import("./attend.ts")> {
  return import("./attend.ts");
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
  const { kernelHasWireguard } = await import("./kernel_interface.ts");
  return kernelHasWireguard() ? "kernel" : "userspace";
}

/** The kernel's WireGuard has no setting for it; a tunnel that ignores it would break a promise. */
function refuseBinding(config: QuickInterfaceConfig, options: readonly string[]): void {
  const { addresses, interfaceName } = parseBinding([
    ...options,
    ...bindingOptionsOf(config, options),
  ]);
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
