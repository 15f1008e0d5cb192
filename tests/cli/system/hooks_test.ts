import assert from "node:assert/strict";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { NO_BASH, runHook } from "../../../cli/system/hooks.ts";

const VARIABLES = { interface: "wg0", configFile: "/etc/wireguard/wg0.conf" };
const NEVER = new AbortController().signal;

function run(command: string, signal = NEVER): Promise<number> {
  return runHook(command, VARIABLES, signal);
}

/** Runs a command that writes to the file $out, and returns what it wrote. */
async function outputOf(command: string): Promise<string> {
  const file = Deno.makeTempFileSync();
  try {
    assert.equal(await run(command.replaceAll("$out", file)), 0);
    return Deno.readTextFileSync(file);
  } finally {
    Deno.removeSync(file);
  }
}

Deno.test("a command's exit code, or its signal's, is its result", async () => {
  assert.equal(await run("true"), 0);
  assert.equal(await run("exit 7"), 7);
  assert.equal(await run("no-such-program-of-wgts 2>/dev/null"), 127);
  assert.equal(await run("kill -TERM $$"), 143);
});

Deno.test("commands run under bash with wg-quick's options", async () => {
  assert.equal(await run("false; true"), 1);
  assert.equal(await run("false | true"), 1);
  assert.equal(await run("[[ wg0 == wg+([0-9]) ]]"), 0);
  assert.equal(await run(`[[ -n $BASH_VERSION && $LC_ALL == C ]]`), 0);
});

Deno.test("wg-quick's variables are there, but not in the environment", async () => {
  assert.equal(
    await outputOf(`echo "$INTERFACE $CONFIG_FILE" >$out; env | grep -c ^INTERFACE >>$out || true`),
    "wg0 /etc/wireguard/wg0.conf\n0\n",
  );
});

Deno.test("what wg-quick's commands see of the config, ours see too", async () => {
  const text = `[Interface]
Address = 10.0.0.1/24, fd00::1/64
DNS = 10.0.0.53, fd00::53, example.org
MTU = 1400
Table = 77
SaveConfig = true
`;
  const { interface: config } = parseQuickConfig(text, "wg0.conf", { servicePort: () => null });
  const see = `for x in "\${#ADDRESSES[@]}" "\${ADDRESSES[@]}" "\${DNS[@]}" "\${DNS_SEARCH[@]}" \
    $MTU $TABLE $SAVE_CONFIG $PROGRAM $#; do echo "$x"; done`;
  const file = Deno.makeTempFileSync();
  try {
    const variables = { ...VARIABLES, config };
    assert.equal(await runHook(`${see} >${file}; cmd true; die no`, variables, NEVER), 1);
    assert.equal(
      Deno.readTextFileSync(file),
      "2\n10.0.0.1/24\nfd00::1/64\n10.0.0.53\nfd00::53\nexample.org\n1400\n77\n1\nwgts\n0\n",
    );
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("nobody sees a command in the list of processes, nor its children in their environment", async () => {
  const output = await outputOf(`: s3cret; tr '\\0' ' ' </proc/$$/cmdline >$out; env >>$out`);
  assert.match(output, /\bPATH=/);
  assert.doesNotMatch(output, /s3cret/);
});

Deno.test("without bash, sh runs commands, and that is told", async () => {
  const path = Deno.env.get("PATH") ?? "";
  const directory = Deno.makeTempDirSync();
  try {
    Deno.env.set("PATH", directory);
    const warnings: string[] = [];
    const command = `[ -z "$BASH_VERSION" ] && [ "$INTERFACE $ADDRESSES" = "wg0 " ] && cmd exit 7`;
    assert.equal(await runHook(command, VARIABLES, NEVER, (text) => warnings.push(text)), 7);
    assert.deepEqual(warnings, [NO_BASH]);
  } finally {
    Deno.env.set("PATH", path);
    Deno.removeSync(directory);
  }
});

Deno.test("quotes, comments and line ends of a command mean what they mean to bash", async () => {
  assert.equal(
    await outputOf(`echo 'a "b"' "c 'd' $((1 + 1))" >$out # not this`),
    `a "b" c 'd' 2\n`,
  );
});

Deno.test("a command doesn't inherit our files", async () => {
  const path = Deno.makeTempFileSync();
  {
    using _file = Deno.openSync(path);
    const list = await outputOf("ls -l /proc/self/fd >$out");
    assert.match(list, / 0 -> /);
    assert.ok(!list.includes(path), list);
  }
  Deno.removeSync(path);
});

Deno.test("commands are found without PATH too", async () => {
  const path = Deno.env.get("PATH") ?? "";
  try {
    for (const set of [() => Deno.env.delete("PATH"), () => Deno.env.set("PATH", "")]) {
      set();
      assert.equal(await run(`[[ -n $BASH_VERSION ]] && env >/dev/null`), 0);
    }
  } finally {
    Deno.env.set("PATH", path);
  }
});

Deno.test("an abort ends the command", async () => {
  const controller = new AbortController();
  const result = run("exec sleep 60", controller.signal);
  controller.abort();
  assert.equal(await result, 143);
});
