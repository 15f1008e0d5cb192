/**
 * Runs the commands of a config for what happens to the peers of its tunnel, for as long as its interface
 * is there: in a process of its own, which `up` or `reload` starts, or in that of `up --foreground`.
 *
 * @module
 */
import { expandHook } from "../../core/config/quick.ts";
import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import { eventEnvironment, eventHookKey } from "../../core/events/hooks.ts";
import type { InterfaceEvent } from "../../core/events/event.ts";
import { Network } from "../../ffi/network.ts";
import { ownProgram } from "../engine/own_program.ts";
import { spawn } from "../../ffi/process.ts";
import { EventFollower } from "./event_follower.ts";
import { EventHookConfig } from "./event_hook_config.ts";
import { EventHookProcesses } from "./event_hook_process.ts";
import { EventHookQueue } from "./event_hook_queue.ts";
import { messageOf } from "./message_of.ts";

/** Between two looks whether the interface is still there, in milliseconds. */
const LOOK_MS = 1000;
/**
 * How long a command may go on when the interface is gone, in milliseconds: it may be what took the tunnel
 * down, and be about to bring it up again.
 */
const PATIENCE_MS = 10_000;

/** The tunnel to attend. */
export interface Attended {
  /** The interface's name. */
  readonly name: string;
  /** The interface's index: another of that name is none of its business. */
  readonly index: number;
  /** Absolute path of the config. */
  readonly configPath: string;
  /** Handshakes count from then on, in milliseconds since 1970-01-01 UTC; 0 for any. */
  readonly since: number;
}

/** How to go about it. */
export interface AttendOptions {
  /** Aborted when it is to end. */
  readonly signal: AbortSignal;
  /** Aborted when nothing new is to be begun: as if the interface were gone. */
  readonly retired?: AbortSignal;
  /** Told, in one line, what goes wrong. */
  readonly log: (line: string) => void;
  /** Where the commands that run are noted. */
  readonly processes?: EventHookProcesses;
}

/**
 * Attends a tunnel until `signal` or `retired` is aborted or its interface is gone. Never throws; then
 * nothing runs.
 */
export async function attend(
  { name, index, configPath, since }: Attended,
  { signal, retired, log, processes = new EventHookProcesses() }: AttendOptions,
): Promise<void> {
  const config = new EventHookConfig(configPath, log);
  // So that a first change that can't be understood leaves them as they were.
  config.read();
  const run = async (event: InterfaceEvent, end: AbortSignal): Promise<void> => {
    const current = config.read();
    if (current === null) return;
    await runEventHooks(event, current, { configPath, processes, log, signal: end });
  };
  const queue = new EventHookQueue({ run, log });
  const gone = new AbortController();
  using network = Network.open();
  const look = () => {
    if (network.findLink(name)?.index !== index) gone.abort();
  };
  const timer = setInterval(look, LOOK_MS);
  try {
    await new EventFollower({
      names: [name],
      signal: AbortSignal.any([signal, gone.signal, ...(retired === undefined ? [] : [retired])]),
      since,
      onEvent: (event) => {
        if (event.type === "interface-removed") look();
        else queue.push(event);
      },
      onProblem: log,
    }).run();
  } catch (error) {
    if (!gone.signal.aborted) log(messageOf(error));
  } finally {
    clearInterval(timer);
    await queue.finish(PATIENCE_MS, signal);
  }
}

/** Runs the commands that `config` has for `event`, one after the other, until `signal` is aborted. */
export async function runEventHooks(
  event: InterfaceEvent,
  config: QuickInterfaceConfig,
  { configPath, processes, log, signal }:
    & Required<Omit<AttendOptions, "retired">>
    & Pick<Attended, "configPath">,
): Promise<void> {
  const key = eventHookKey(event.type);
  const hooks = key === null ? [] : config.eventHooks?.[key] ?? [];
  const variables = { interface: event.interface, configFile: configPath, config };
  for (const [i, hook] of hooks.entries()) {
    if (signal.aborted) return;
    const command = expandHook(hook, event.interface);
    const code = await processes.run(command, variables, eventEnvironment(event), signal);
    // Not the command: nobody promised that there is no secret in it.
    if (code !== 0) log(`command ${i + 1} of ${key} ended with exit code ${code}`);
  }
}

/** What attends a tunnel in this process. */
export interface Attendant {
  /** Whether a child of this process is a command that it waits for. */
  owns(pid: number): boolean;
  /** Ends it, and the commands that run. Resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/** Attends a tunnel in this process; problems are told by `log`. */
export function attendHere(attended: Attended, log: (line: string) => void): Attendant {
  const end = new AbortController();
  const processes = new EventHookProcesses();
  const done = attend(attended, { signal: end.signal, log, processes });
  return {
    owns: (pid) => processes.owns(pid),
    stop: () => {
      end.abort();
      return done;
    },
  };
}

/**
 * Starts the process that attends a tunnel in the background, and returns its id.
 *
 * @throws SysError when it can't be started
 */
export function startAttendant({ name, index, configPath, since }: Attended): number {
  const operands = [name, String(index), configPath, String(since)];
  const { path, arguments: words } = ownProgram(["attend", ...operands]);
  return spawn({
    path,
    arguments: words,
    environment: Deno.env.toObject(),
    newSession: true,
    fds: [[0, null], [1, null], [2, null]],
  });
}
