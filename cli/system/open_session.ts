import { RUNTIME_DIRECTORY } from "../journal.ts";
import { printError } from "../output.ts";
import { Interruptions } from "./interruption.ts";
import { LinuxSystem } from "./linux.ts";
import { currentScope } from "./scope.ts";
import { Session } from "./session.ts";

/** A session on this system, and what ends with it. */
export interface OpenSession extends Disposable {
  readonly session: Session;
}

/**
 * The session of a command that works on the tunnel `name` but starts no engine; hooks are told the
 * config's path `configFile`. SIGINT and the like interrupt it.
 */
export function openSession(name: string, configFile: string): OpenSession {
  const stack = new DisposableStack();
  const system = stack.use(
    new LinuxSystem({
      configFile,
      startEngine: () => Promise.reject(new Error("This command starts nothing")),
      print: printError,
    }),
  );
  const { signal } = stack.use(new Interruptions());
  const session = new Session({
    name,
    system,
    scope: currentScope(),
    directory: RUNTIME_DIRECTORY,
    strict: false,
    signal,
    print: printError,
  });
  return { session, [Symbol.dispose]: () => stack.dispose() };
}
