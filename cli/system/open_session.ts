import { RUNTIME_DIRECTORY } from "../runtime_paths.ts";
import { printError } from "../output.ts";
import { namespaceInode } from "./namespace_name.ts";
import type { HookConfig } from "./hooks.ts";
import { Interruptions } from "./interruption.ts";
import { LinuxSystem } from "./linux.ts";
import { currentScope } from "./scope.ts";
import { Session } from "./session.ts";

/** A session on this system, and what ends with it. */
export interface OpenSession extends Disposable {
  readonly session: Session;
}

/** What the user may choose of a session. */
export interface SessionChoices {
  /** Whether failures that the tunnel can live with count as failures. */
  readonly strict?: boolean;
  /** Path of the network namespace of the tunnel's UDP sockets; null for this process's. */
  readonly birth?: string | null;
}

/**
 * The session of a command that works on the tunnel `name` but starts no engine; hooks are told the
 * config's path `configFile`, and what `config` gives. SIGINT and the like interrupt it.
 */
export function openSession(
  name: string,
  configFile: string,
  config: () => HookConfig | undefined = () => undefined,
  { strict = false, birth = null }: SessionChoices = {},
): OpenSession {
  const stack = new DisposableStack();
  const system = stack.use(
    new LinuxSystem({
      configFile,
      config,
      startEngine: () => Promise.reject(new Error("This command starts nothing")),
      print: printError,
      birthNamespace: birth,
    }),
  );
  const { signal } = stack.use(new Interruptions());
  const session = new Session({
    name,
    system,
    scope: currentScope(),
    directory: RUNTIME_DIRECTORY,
    strict,
    birthNamespace: birth === null ? null : namespaceInode(birth),
    signal,
    print: printError,
  });
  return { session, [Symbol.dispose]: () => stack.dispose() };
}
