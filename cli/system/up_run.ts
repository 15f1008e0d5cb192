import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import type { Backend } from "../../core/plan.ts";
import type { SocketBinding } from "../../core/socket_binding.ts";
import { engineOption } from "../engine/engine_options.ts";
import { OpenInterface } from "../engine/open_interface.ts";
import { requireCrypto } from "../engine/require_crypto.ts";
import { bindingOptionsOf, parseBinding } from "../engine/socket_binding.ts";
import { WaitingEngine } from "../engine/start.ts";
import { RUNTIME_DIRECTORY } from "../runtime_paths.ts";
import { printError } from "../output.ts";
import type { Attendant, Attended } from "./attend.ts";
import { readConfig, requireLocation } from "./config_file.ts";
import { Interruptions } from "./interruption.ts";
import { LinuxSystem } from "./linux.ts";
import { namespaceInode } from "./namespace_name.ts";
import { requireNetAdmin } from "./privileges.ts";
import { exitCodeOf } from "./report.ts";
import { saveLater } from "./save_later.ts";
import { currentScope } from "./scope.ts";
import { Session } from "./session.ts";
import { supervise } from "./supervise.ts";
import { bringUp, printUp } from "./tunnel.ts";
import { engineStartOf, type UpCall } from "./up_call.ts";

/**
 * Brings up the tunnel that `call` asks for, and gives the exit code. `waiting` is the engine that is
 * to serve it; with null, one is started if there is to be one after all.
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
  const log = (line: string) => printError(`wgts: (${location.name}) ${line}`);
  const here: { attendant: Attendant | null } = { attendant: null };
  using system = new LinuxSystem({
    configFile: path,
    config: () => config.interface,
    startEngine: async (name) => {
      using engine = waiting ?? WaitingEngine.start(name, engineStartOf(call));
      const opened = OpenInterface.open(name, options);
      return await engine.serve(opened, bindingOptionsOf(config.interface, options));
    },
    ...foreground &&
      { attendHere: async (attended) => void (here.attendant = await attendHere(attended, log)) },
    print: printError,
    birthNamespace: birth,
    binding: bindingOf(config.interface, options),
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
    if (!foreground) return 0;
    return await supervise(session, state, here.attendant, () => saveLater(location.name, path));
  } catch (error) {
    await here.attendant?.stop();
    return exitCodeOf(error);
  }
}

/** Most configs have no use for what it loads. */
async function attendHere(attended: Attended, log: (line: string) => void): Promise<Attendant> {
  const module = await import("./attend.ts");
  return module.attendHere(attended, log);
}

/** The kernel where it has WireGuard, as wg-quick takes it. */
async function findBackend(): Promise<Backend> {
  const { kernelHasWireguard } = await import("./kernel_interface.ts");
  return kernelHasWireguard() ? "kernel" : "userspace";
}

/** What the UDP sockets are to be bound to. */
function bindingOf(config: QuickInterfaceConfig, options: readonly string[]): SocketBinding {
  return parseBinding([...options, ...bindingOptionsOf(config, options)]);
}

/** The kernel's WireGuard has no setting for it; a tunnel that ignores it would break a promise. */
function refuseBinding(config: QuickInterfaceConfig, options: readonly string[]): void {
  const { addresses, interfaceName } = bindingOf(config, options);
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
