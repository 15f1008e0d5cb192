/**
 * Thousands of generated configs and arguments of `set` get the verdict, and every word, that the real
 * `wg` has for them. The environment variable WGTS_TEST_CONFIGS is their number, WGTS_TEST_SEED their seed.
 */
import assert from "node:assert/strict";
import { latin1Bytes, latin1Text } from "./latin1.ts";
import { WG_VERSION, wgTest } from "./wg_oracle.ts";
import { KEY_FILES, WgInputs } from "./wg_parser_cases.ts";
import type { WgInput, WgWords } from "./wg_parser_words.ts";

const COUNT = Number(Deno.env.get("WGTS_TEST_CONFIGS") ?? 3000);
const SEED = Number(Deno.env.get("WGTS_TEST_SEED") ?? Date.now() % 2 ** 31);
/** Shells that run `wg` at the same time. */
const SHELLS = 2;
/** Between what `wg` says of one input and of the next. */
const MARK = "\x01\x02\n";
/** The end of what `wg` says of what it accepts, since there is no such interface. */
const NO_INTERFACE = /Unable to modify interface: .*\n$/;

/** The first version with signs in front of allowed IPs. */
const SIGNS_SINCE = 20250521;

/** Whether an old `wg` is no judge of this. */
function hasSigns(input: WgInput): boolean {
  if (WG_VERSION !== null && WG_VERSION >= SIGNS_SINCE) return false;
  if (typeof input !== "string") {
    return input.some((word) => /^[\t-\r ]*[+-]|,[\t-\r ]*[+-]/.test(word));
  }
  const lines = input.split("\n").map((line) => line.replaceAll(/#.*|\0.*|[\t-\r ]/g, ""));
  return lines.some((line) => /^allowedips=(.*,)?[+-]/i.test(line));
}

/** What the real `wg` says of each input. */
async function askWg(inputs: readonly WgInput[], directory: string): Promise<WgWords[]> {
  const shares = Array.from({ length: SHELLS }, (_, share) => {
    const begin = Math.floor(inputs.length * share / SHELLS);
    return { begin, end: Math.floor(inputs.length * (share + 1) / SHELLS) };
  });
  const answers = await Promise.all(shares.map(async ({ begin, end }, share) => {
    const script = inputs.slice(begin, end).map((input, i) => {
      if (typeof input !== "string") return `wg set nonexist0 ${input.map(quoted).join(" ")}`;
      Deno.writeFileSync(`${directory}/${begin + i}.conf`, latin1Bytes(input));
      return `wg setconf nonexist0 ${begin + i}.conf`;
    }).map((command) => `${command}\nprintf '\\001\\002\\n' >&2\n`).join("");
    const path = `${directory}/script${share}`;
    Deno.writeTextFileSync(path, script);
    return latin1Text(await inEmptyNetwork(["sh", path], directory, "stderr")).split(MARK);
  }));
  return answers.flatMap((answer) => answer.slice(0, -1)).map((text) => {
    const accepted = NO_INTERFACE.test(text);
    return { words: text.replace(NO_INTERFACE, ""), accepted };
  });
}

/** What is said of each here. */
async function askOurs(inputs: readonly WgInput[], directory: string): Promise<WgWords[]> {
  const path = `${directory}/inputs.json`;
  Deno.writeTextFileSync(path, JSON.stringify(inputs));
  const program = new URL("wg_parser_words.ts", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "-A", "--quiet", program, path];
  const stdout = await inEmptyNetwork(command, directory, "stdout");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Runs a command where no name can be looked up, and gives what it prints. */
async function inEmptyNetwork(command: string[], cwd: string, what: "stdout" | "stderr") {
  const output = await new Deno.Command("unshare", {
    args: ["--net", ...command],
    cwd,
    env: { WG_ENDPOINT_RESOLUTION_RETRIES: "0", LC_ALL: "C" },
    stdin: "null",
    stdout: "piped",
    stderr: what === "stderr" ? "piped" : "inherit",
  }).output();
  return output[what];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What `wg` says, as it is said here: without what may be a secret. */
function withoutSecrets(theirs: string, ours: string): string {
  const parts = ours.split("(hidden)").map((part) => part.replaceAll(/[^\w ]/g, "\\$&"));
  return parts.length > 1 && new RegExp(`^${parts.join(".+?")}$`, "s").test(theirs) ? ours : theirs;
}

async function compare(t: Deno.TestContext, inputs: readonly WgInput[]): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "wgts-test-" });
  try {
    for (const [name, text] of Object.entries(KEY_FILES)) {
      Deno.writeTextFileSync(`${directory}/${name}`, text);
    }
    const [theirs, ours] = await Promise.all(
      [askWg(inputs, directory), askOurs(inputs, directory)],
    );
    assert.equal(theirs.length, inputs.length);
    let signs = 0, accepted = 0;
    const wrong: string[] = [];
    for (const [i, input] of inputs.entries()) {
      const [right, actual] = [theirs[i], ours[i]];
      if (right === undefined || actual === undefined) throw new Error("no answer");
      if (right.accepted) accepted++;
      if (hasSigns(input)) {
        signs++;
        continue;
      }
      const words = withoutSecrets(right.words, actual.words);
      if (words === actual.words && right.accepted === actual.accepted) continue;
      wrong.push(
        `${JSON.stringify(input)}\n  ${JSON.stringify(actual)}\n  ${JSON.stringify(right)}`,
      );
    }
    console.log(
      `${t.name}: ${inputs.length} with seed ${SEED}, ${accepted} accepted, ${signs} not compared`,
    );
    assert.ok(wrong.length === 0, `${wrong.length} differ:\n${wrong.slice(0, 20).join("\n")}`);
    // The generator must not have become one-sided.
    assert.ok(accepted > inputs.length / 10 && accepted < inputs.length * 9 / 10, `${accepted}`);
    assert.ok(signs < inputs.length / 10, `${signs} with signs`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const needs = { root: true, program: "unshare" };

wgTest("of generated configs the same is said as by wg", needs, async (t) => {
  const made = new WgInputs(SEED);
  await compare(t, Array.from({ length: COUNT }, () => made.config()));
});

wgTest("of generated arguments the same is said as by wg set", needs, async (t) => {
  const made = new WgInputs(SEED);
  await compare(t, Array.from({ length: Math.ceil(COUNT / 4) }, () => made.arguments()));
});
