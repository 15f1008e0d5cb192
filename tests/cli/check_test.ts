/** `wgts check` as it is called: files, names of files, stdin, neighbours, options, exit codes. */
import assert from "node:assert/strict";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
/** Of RFC 7748, section 6.1. */
const ALICE = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
const ALICE_PUBLIC = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

const CLEAN = `[Interface]\nPrivateKey=${KEY}\nListenPort=51820\n`;

interface Outcome {
  readonly code: number;
  /** The first lines of what was found, without the directory. */
  readonly found: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it in a directory of its own with `files`, which only their owner may access. */
async function check(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  { stdin = "", modes = {} }: { stdin?: string; modes?: Readonly<Record<string, number>> } = {},
): Promise<Outcome> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "wgts-test-" }));
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
      await Deno.chmod(`${directory}/${name}`, modes[name] ?? 0o600);
    }
    if (modes["."] !== undefined) await Deno.chmod(directory, modes["."]);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", MAIN, "check", ...args],
      cwd: directory,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
    const output = await child.output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const stdout = decode(output.stdout).replaceAll(`${directory}/`, "");
    const found = stdout.split("\n").flatMap((line) => {
      const [, place, code] = /^(\S+): (?:error|warning|info): .* \[([a-z-]+)\]$/.exec(line) ?? [];
      return code === undefined ? [] : [`${place} ${code}`];
    });
    return { code: output.code, found, stdout, stderr: decode(output.stderr) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("check says nothing of a clean config, and fails for errors only", async () => {
  const [clean, warning, strict, error] = await Promise.all([
    check({ "wg0.conf": CLEAN }, ["./wg0.conf"]),
    check({ "wg0.conf": `${CLEAN}MTU=9000` }, ["./wg0.conf"]),
    check({ "wg0.conf": `${CLEAN}MTU=9000` }, ["--strict", "./wg0.conf"]),
    check({ "wg0.conf": `${CLEAN}MTU=big\nDNS=1.1\n` }, ["./wg0.conf"]),
  ]);
  assert.deepEqual(clean, { code: 0, found: [], stdout: "", stderr: "" });
  assert.deepEqual([warning.code, ...warning.found], [0, "./wg0.conf:4:5 mtu-range"]);
  assert.deepEqual([strict.code, strict.stdout], [1, warning.stdout]);
  const errors = ["./wg0.conf:4:5 invalid-value", "./wg0.conf:5:5 invalid-value"];
  assert.deepEqual([error.code, ...error.found], [1, ...errors]);
  assert.equal(warning.stderr + error.stderr, "");
  assert.ok(!warning.stdout.includes("\x1b"));
});

Deno.test("check reads stdin and a file in this directory, and tells of others' rights", async () => {
  const [stdin, name, odd] = await Promise.all([
    check({ "wg0.conf": CLEAN }, ["-"], { stdin: `${CLEAN}lost\n` }),
    check({ "wg0.conf": CLEAN }, ["wg0.conf"], { modes: { "wg0.conf": 0o644, ".": 0o755 } }),
    check({ "a b": CLEAN }, ["a b"]),
  ]);
  assert.deepEqual([stdin.code, ...stdin.found], [1, "stdin:4:1 not-a-setting"]);
  assert.deepEqual([name.code, ...name.found], [0, "wg0.conf world-accessible"]);
  assert.equal(odd.code, 1);
  assert.match(odd.stdout, /^a b: error: .* \[file-name\]\n/);
});

Deno.test("check compares configs with their neighbours and with each other", async () => {
  const files = { "wg0.conf": CLEAN, "wg1.conf": CLEAN, "backup": CLEAN };
  const [one, both] = await Promise.all([
    check(files, ["./wg0.conf"]),
    check(files, ["./wg1.conf", "./wg0.conf"]),
  ]);
  assert.deepEqual([one.code, ...one.found], [0, "./wg0.conf:3:12 shared-listen-port"]);
  assert.match(one.stdout, /\.\/wg1\.conf listens on port 51820 too/);
  assert.deepEqual(both.found, [
    "./wg1.conf:3:12 shared-listen-port",
    "./wg0.conf:3:12 shared-listen-port",
  ]);
});

Deno.test("check knows the interface's own public key, and shows no private one", async () => {
  const text = `[Interface]\nPrivateKey=${ALICE}\nListenPort=1\n[Peer]\nPublicKey=${ALICE_PUBLIC}`;
  const { stdout, found } = await check({ "wg0.conf": text }, ["./wg0.conf"]);
  assert.deepEqual(found, ["./wg0.conf:4:1 no-allowed-ips", "./wg0.conf:5:11 own-key"]);
  assert.ok(!stdout.includes(ALICE) && !stdout.includes(ALICE_PUBLIC));
});

Deno.test("check --json is JSON, and a config that isn't there doesn't stop the others", async () => {
  const files = { "wg0.conf": `${CLEAN}MTU=big` };
  const { code, stdout, stderr } = await check(files, ["--json", "./wg9.conf", "./wg0.conf"]);
  assert.equal(code, 1);
  assert.equal(stderr, "wgts: `./wg9.conf' does not exist\n");
  const { version, errors, files: checked } = JSON.parse(stdout);
  assert.deepEqual([version, errors, checked.length, checked[0].file], [1, 1, 1, "./wg0.conf"]);
  const missing = await check({}, ["./wg9.conf"]);
  assert.deepEqual([missing.code, missing.stdout], [1, ""]);
});
