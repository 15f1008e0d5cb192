/** Debian's `wg` as the oracle of tests: what it prints, and which configs it accepts. */

const decoder = new TextDecoder();

/** The version of the `wg` in PATH, as a number like 20210914; null when there is none. */
export const WG_VERSION: number | null = wgVersion();

function wgVersion(): number | null {
  try {
    const { stdout } = runProgram("wg", ["--version"]);
    const match = /v1\.0\.([0-9]{8})/.exec(stdout);
    return match === null ? null : Number(match[1]);
  } catch {
    return null;
  }
}

/**
 * A test against the real `wg`. Without it (or without root, or another program, if these are wanted)
 * the test is ignored and its name says why; where the environment variable CI is set it fails instead.
 */
export function wgTest(
  name: string,
  needs: { readonly root: boolean; readonly program?: string },
  body: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = whatIsMissing(needs.root, needs.program);
  Deno.test({
    name: missing === null ? name : `${name} (needs ${missing})`,
    ignore: missing !== null && Deno.env.get("CI") === undefined,
    fn: (t) => {
      if (missing !== null) throw new Error(`This test needs ${missing}, and CI is set`);
      return body(t);
    },
  });
}

function whatIsMissing(root: boolean, program: string | undefined): string | null {
  if (WG_VERSION === null) return "the package wireguard-tools";
  if (root && Deno.uid() !== 0) return "root";
  if (program === undefined) return null;
  const { code } = runProgram("sh", ["-c", 'command -v "$1"', "sh", program]);
  return code === 0 ? null : `the program ${program}`;
}

/** What a program printed, and its exit code. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program and waits for it; nothing else of this process runs meanwhile. */
export function runProgram(
  program: string,
  args: string[],
  variables: Record<string, string> = {},
): Outcome {
  const env = { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin`, LC_ALL: "C", ...variables };
  return outcomeOf(new Deno.Command(program, { args, env, clearEnv: true }).outputSync());
}

/** Runs `wg` and lets this process serve it meanwhile. */
export async function runWg(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  return outcomeOf(await new Deno.Command("wg", { args, env }).output());
}

function outcomeOf({ code, stdout, stderr }: Deno.CommandOutput): Outcome {
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
