import assert from "node:assert/strict";
import { parseKey } from "../../core/keys.ts";
import { type Outcome, wgTest } from "./wg_oracle.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const WGTS = [Deno.execPath(), "run", "-A", "--quiet", MAIN];

/** Runs a command with `input` on stdin; `program` may be several words. */
async function run(program: readonly string[], args: string[], input = ""): Promise<Outcome> {
  const [command = "", ...rest] = program;
  const process = new Deno.Command(command, {
    args: [...rest, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes).replaceAll(/\bwgts\b|\/\S*\/wg\b/g, "wg");
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

wgTest("pubkey does what wg pubkey does, with good and bad input", { root: false }, async () => {
  const inputs = [
    `${KEY}\n`,
    KEY,
    `${KEY} \t\n\n`,
    `${KEY}\0`,
    `${KEY}x`,
    `${KEY}\nx`,
    ` ${KEY}`,
    "",
    "\n",
    "abc\n",
    KEY.replace("k=", "l="),
    KEY.slice(0, 43) + "A",
    "A".repeat(43) + "=",
    "/".repeat(42) + "8=",
    "é".repeat(22),
  ];
  await Promise.all(inputs.map(async (input) => {
    const [ours, theirs] = await Promise.all([
      run(WGTS, ["pubkey"], input),
      run(["wg"], ["pubkey"], input),
    ]);
    assert.deepEqual(ours, theirs, JSON.stringify(input));
  }));
});

wgTest("key commands refuse arguments as wg does", { root: false }, async () => {
  for (const command of ["genkey", "genpsk", "pubkey"]) {
    assert.deepEqual(await run(WGTS, [command, "x"]), await run(["wg"], [command, "x"]));
  }
});

Deno.test("genkey writes a new clamped key, genpsk a new one", async () => {
  const keys = await Promise.all(
    ["genkey", "genkey", "genpsk"].map(async (command) => {
      const { code, stdout, stderr } = await run(WGTS, [command]);
      assert.equal(code, 0);
      assert.equal(stderr, "");
      assert.match(stdout, /^[A-Za-z0-9+/]{43}=\n$/);
      return stdout.trim();
    }),
  );
  assert.equal(new Set(keys).size, 3);
  for (const key of keys.slice(0, 2)) {
    const bytes = parseKey(key) ?? new Uint8Array(32);
    assert.equal((bytes[0] ?? 0) & 7, 0);
    assert.equal((bytes[31] ?? 0) & 0xc0, 0x40);
  }
});

wgTest("a key into a world accessible file comes with wg's warning", { root: false }, async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const mode of [0o600, 0o644]) {
      await Deno.chmod(path, mode);
      const run = (program: readonly string[]) =>
        new Deno.Command("sh", { args: ["-c", `"$@" genkey > ${path}`, "sh", ...program] })
          .output();
      const [ours, theirs] = [await run(WGTS), await run(["wg"])];
      assert.deepEqual(ours.stderr, theirs.stderr);
      assert.equal(ours.code, 0);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("what can't be written is an error in one line", async () => {
  for (const command of ["genkey", "version"]) {
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", `exec "$@" >/dev/full`, "sh", ...WGTS, command],
    }).output();
    assert.equal(code, 1);
    assert.equal(
      new TextDecoder().decode(stderr),
      "wgts: Cannot write to stdout: No space left on device\n",
    );
  }
});
