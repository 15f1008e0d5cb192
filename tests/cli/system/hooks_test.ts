import assert from "node:assert/strict";
import { runHook } from "../../../cli/system/hooks.ts";

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
