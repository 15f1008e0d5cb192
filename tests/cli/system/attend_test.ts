import assert from "node:assert/strict";
import { runEventHooks } from "../../../cli/system/attend.ts";
import { EventHookConfig } from "../../../cli/system/event_hook_config.ts";
import { EventHookProcesses } from "../../../cli/system/event_hook_process.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import type { InterfaceEvent } from "../../../core/events/event.ts";

const CONFIG_PATH = "/etc/wireguard/wg0.conf";

/** Runs the commands of a config's lines for a peer that is called `name`; gives what was logged. */
async function run(lines: string, { name = "Bob", signal = new AbortController().signal } = {}) {
  const config = parseQuickConfig(`[Interface]\n${lines}\n`, CONFIG_PATH).interface;
  const event: InterfaceEvent = {
    type: "roamed",
    time: 1,
    interface: "wg0",
    peer: { publicKey: new Uint8Array(32), name },
  };
  const logged: string[] = [];
  const processes = new EventHookProcesses();
  const log = (line: string) => void logged.push(line);
  await runEventHooks(event, config, { configPath: CONFIG_PATH, processes, log, signal });
  return logged;
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("what an event tells reaches commands by their environment only", async () => {
  await inDirectory(async (directory) => {
    const name = `$(touch ${directory}/pwned)`;
    const told = `OnRoam = echo "$WGTS_PEER_NAME" %i "$INTERFACE" >${directory}/told`;
    assert.deepEqual(await run(told, { name }), []);
    assert.equal(await Deno.readTextFile(`${directory}/told`), `${name} wg0 wg0\n`);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["told"]);
  });
});

Deno.test("a command's failure is logged without its text, and the next one runs", async () => {
  await inDirectory(async (directory) => {
    const logged = await run(`OnRoam = exit 7\nOnHandshake = exit 8\nOnRoam = cd ${directory}; >x`);
    assert.deepEqual(logged, ["command 1 of OnRoam ended with exit code 7"]);
    assert.ok(Deno.statSync(`${directory}/x`).isFile);
  });
});

Deno.test("a command is ended with all that it started, and none follows it", async () => {
  await inDirectory(async (directory) => {
    const end = new AbortController();
    const running = run(
      `OnRoam = (sleep 6000 & echo $! >${directory}/part; mv ${directory}/part ${directory}/child; wait)
OnRoam = touch ${directory}/next`,
      { signal: end.signal },
    );
    const child = async () => await Deno.readTextFile(`${directory}/child`).catch(() => "");
    while (await child() === "") await new Promise((resolve) => setTimeout(resolve, 5));
    end.abort();
    assert.deepEqual(await running, ["command 1 of OnRoam ended with exit code 143"]);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["child"]);
    const pid = (await child()).trim();
    // Killed, it ends when it runs the next time; whose child it is by then may never ask how.
    const stat = () => Deno.readTextFile(`/proc/${pid}/stat`).catch(() => ") Z");
    while (!/\) [ZX]/.test(await stat())) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

Deno.test("a config is read anew when it changes, unless it can't be understood", async () => {
  await inDirectory((directory) => {
    const path = `${directory}/wg0.conf`;
    const logged: string[] = [];
    const config = new EventHookConfig(path, (line) => logged.push(line));
    assert.equal(config.read(), null);
    assert.equal(logged.length, 1);
    const hooks = (text: string) => {
      Deno.writeTextFileSync(path, text);
      return config.read()?.eventHooks?.OnRoam;
    };
    assert.deepEqual(hooks("[Interface]\nOnRoam = a\n"), ["a"]);
    assert.deepEqual(hooks("[Interface]\nOnRoam = abc\nNonsense\n"), ["a"]);
    assert.deepEqual(config.read()?.eventHooks?.OnRoam, ["a"]);
    assert.equal(logged.length, 2);
    assert.match(logged[1] ?? "", /wg0\.conf:3/);
    assert.deepEqual(hooks("[Interface]\nOnRoam = ab\n"), ["ab"]);
    return Promise.resolve();
  });
});
