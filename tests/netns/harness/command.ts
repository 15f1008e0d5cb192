/** Running commands: what a test does to the system, it does with the system's own tools. */

/** How a command ended and what it printed. */
export interface Result {
  /** The exit code; 128 + the signal's number when a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  stdin?: string;
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Milliseconds after which the command is killed and an error thrown. */
  timeout?: number;
}

const DEFAULT_TIMEOUT = 300_000;

/** A command that was expected to succeed and did not. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  constructor(readonly command: readonly string[], readonly result: Result) {
    super(`${command.join(" ")}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
  }
}

/** Runs a command to its end, whatever its exit code. */
export async function attempt(
  command: readonly string[],
  { stdin, env, timeout = DEFAULT_TIMEOUT }: CommandOptions = {},
): Promise<Result> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(env && { env }),
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeout);
  try {
    if (stdin !== undefined) await feed(child.stdin, stdin);
    const output = await child.output();
    if (late) throw new Error(`${command.join(" ")}: no end within ${timeout} ms`);
    const decoder = new TextDecoder();
    return {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a command, throws {@linkcode CommandError} unless it succeeds, and returns its output. */
export async function run(
  command: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const result = await attempt(command, options);
  if (result.code !== 0) throw new CommandError(command, result);
  return result.stdout;
}

async function feed(stdin: WritableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch (error) {
    // The command may end without reading its input: Deno 2.7 may have a TypeError for that.
    const isUnread = error instanceof Deno.errors.BrokenPipe || error instanceof TypeError;
    if (!isUnread) throw error;
  }
}
