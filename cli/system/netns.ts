/**
 * The network namespaces of a tunnel: the one that its interface is in (`--netns`) and the one that its UDP
 * sockets are in (`--birth-netns`), where it was born, as WireGuard has it (wireguard.com/netns).
 *
 * @module
 */
import { setCloseOnExec } from "../../ffi/fd.ts";
import { O_CLOEXEC, O_RDONLY } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { enterNetworkNamespace, ownNetworkNamespace } from "../../ffi/namespace.ts";
import { execute } from "../../ffi/process.ts";
import { cString } from "../../ffi/text.ts";
import { ownProgram } from "../engine/own_program.ts";
import { takeOptionValues } from "../option_values.ts";
import { NAMESPACE_DIRECTORY } from "./namespace_name.ts";

const NETNS = "--netns", BIRTH_NETNS = "--birth-netns";
const OWN = "/proc/thread-self/ns/net";

/** Options of a command that works on a tunnel in any network namespace. */
export interface NamespaceOptions {
  /** The arguments without these options. */
  readonly rest: string[];
  /** What `--netns` named: where the interface is to be; null for the present namespace. */
  readonly netns: string | null;
  /** What `--birth-netns` named: where the UDP sockets are to be; null for the present namespace. */
  readonly birthNetns: string | null;
}

/** Takes `--netns` and `--birth-netns` out of `args`. Of several, the last one counts. */
export function splitNamespaceOptions(args: readonly string[]): NamespaceOptions {
  const { rest, values: pairs } = takeOptionValues(args, [NETNS, BIRTH_NETNS]);
  for (const [name, value] of pairs) {
    if (value === "") throw new Error(`Cannot use ${name}: expected a network namespace`);
  }
  const values = new Map(pairs);
  return { rest, netns: values.get(NETNS) ?? null, birthNetns: values.get(BIRTH_NETNS) ?? null };
}

/** What {@linkcode enterNetns} leaves for the command. */
export interface EnteredNetns {
  /** The command's arguments without the options of namespaces. */
  readonly rest: string[];
  /** Path of the namespace that the UDP sockets are to be in; null for that of this process. */
  readonly birth: string | null;
}

/**
 * Has `command` run in the network namespace that `--netns` names: there the program executes itself, since
 * a running one has threads that stay where they are. It then finds the UDP sockets' namespace in
 * `--birth-netns`: where it came from, unless `args` said otherwise.
 *
 * @throws Error when there is no such namespace, or it can't be entered
 */
export function enterNetns(command: string, args: readonly string[]): EnteredNetns {
  const { rest, netns, birthNetns } = splitNamespaceOptions(args);
  const birth = birthNetns === null ? null : openBirth(birthNetns);
  if (netns === null) return { rest, birth: birth === null ? null : elsewhere(birth) };
  const target = openNamespace(NETNS, namespacePath(netns));
  const origin = birth ?? openNamespace(BIRTH_NETNS, OWN);
  setCloseOnExec(origin, false);
  enterNetworkNamespace(target, netns);
  const { path, arguments: words } = ownProgram([
    command,
    `${BIRTH_NETNS}=/proc/self/fd/${origin}`,
    ...rest,
  ]);
  return execute({ path, arguments: words, environment: Deno.env.toObject() });
}

function openBirth(nameOrPath: string): number {
  const fd = openNamespace(BIRTH_NETNS, namespacePath(nameOrPath));
  // One that we were executed with shall not be inherited by any other program.
  const inherited = /^\/proc\/self\/fd\/([0-9]+)$/.exec(nameOrPath)?.[1];
  if (inherited !== undefined) libc.close(Number(inherited));
  return fd;
}

/** The path of a namespace open as `fd`, for as long as this process lives; null when it is our own. */
function elsewhere(fd: number): string | null {
  const path = `/proc/self/fd/${fd}`;
  return Deno.statSync(path).ino === ownNetworkNamespace() ? null : path;
}

function openNamespace(option: string, path: string): number {
  const fd = libc.open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  throw new Error(
    `Cannot use ${option}: there is no network namespace ${path}: ` +
      "expected a name that `ip netns' lists, or a path such as /proc/PID/ns/net",
  );
}

/** A name is one of ip-netns(8); what has a slash is a path. */
function namespacePath(nameOrPath: string): string {
  return nameOrPath.includes("/") ? nameOrPath : `${NAMESPACE_DIRECTORY}/${nameOrPath}`;
}
