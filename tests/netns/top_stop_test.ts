/** `wgts top` in a real terminal: stopped, and let go on, as a shell's job control does. */
import assert from "node:assert/strict";
import { Site } from "./harness/site.ts";
import { type Running, SCREEN, SHELL, startTop, TOP } from "./harness/top.ts";
import { waitFor } from "./harness/wait.ts";

const PROMPT = /^\$ *$/m;
const BASH = ["bash", "--norc"];
/** For the shell, which forgets the rest of a command line that was stopped. */
const GO_ON = "fg; echo code $?";

/** A host with an interface. */
async function createSite(): Promise<Site> {
  const site = await Site.create();
  try {
    await site.wgtsOk("up", "wg0");
    return site;
  } catch (error) {
    await site[Symbol.asyncDispose]();
    throw error;
  }
}

/** Whether a process is stopped. */
function isStopped(pid: number): boolean {
  return /^State:\tT/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
}

function parentOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^PPid:\t(\d+)$/m.exec(status)?.[1]);
}

/** Waits until `top` is stopped and the shell has the terminal, as it was. */
async function waitUntilStopped({ terminal, pid }: Running): Promise<void> {
  await waitFor("top to be stopped", () => isStopped(pid));
  await terminal.waitForText(PROMPT);
  assert.deepEqual(await terminal.modes(), SHELL);
}

/** Lets `top` go on, and waits until it has the terminal again and obeys its keys. */
async function letGoOn({ terminal, pid }: Running): Promise<void> {
  await terminal.command(GO_ON);
  await terminal.waitForText(/^wg0 .* up\b/m);
  assert(!isStopped(pid));
  assert.deepEqual(await terminal.modes(), SCREEN);
  await terminal.type("s");
  await terminal.waitForText(/by name, every/);
  await terminal.type("s");
  await terminal.waitForText(/by rate, every/);
}

/** Ends `top` by its key. */
async function quit({ terminal }: Running): Promise<void> {
  await terminal.type("q");
  await terminal.waitForText(/^code 0$/m);
  assert.deepEqual(await terminal.modes(), SHELL);
  await terminal.kill();
}

Deno.test("top can be suspended, and goes on where it was", async () => {
  await using site = await createSite();
  const top = await startTop(site);
  const { terminal, pid } = top;
  await terminal.press("C-z");
  await waitUntilStopped(top);
  assert.match(await terminal.line(), / icanon /);
  await letGoOn(top);
  // From outside, and whoever did that changed the terminal.
  Deno.kill(pid, "SIGSTOP");
  await terminal.waitForText(PROMPT);
  await terminal.type("stty sane; clear; fg");
  await terminal.press("C-j");
  await terminal.waitForText(/^wg0 .* up\b/m);
  await waitFor("its keys", async () => (await terminal.line()).includes(" -icanon "));
  await terminal.type("s");
  await terminal.waitForText(/by name, every/);
  await terminal.type("q");
  await terminal.waitForText(PROMPT);
  assert.deepEqual(await terminal.modes(), SHELL);
});

Deno.test("the key that suspends top stops a script that runs it, too", async () => {
  await using site = await createSite();
  for (const shell of [["sh"], BASH]) {
    const top = await startTop(site, { shell, command: `sh -c '${TOP}; echo code $?'` });
    const script = parentOf(top.pid);
    for (let round = 0; round < 3; round++) {
      await top.terminal.press("C-z");
      await waitUntilStopped(top);
      assert(isStopped(script));
      await letGoOn(top);
      assert(!isStopped(script));
    }
    await quit(top);
  }
});

Deno.test("top gives the terminal back when it gets SIGTSTP, whenever that is", async () => {
  await using site = await createSite();
  const top = await startTop(site);
  const { terminal, pid } = top;
  Deno.kill(pid, "SIGTSTP");
  await waitUntilStopped(top);
  assert.match(await terminal.line(), / icanon /);
  await letGoOn(top);
  for (let round = 0; round < 20; round++) {
    Deno.kill(pid, "SIGTSTP");
    await waitUntilStopped(top);
    assert.match(await terminal.line(), / icanon /);
    await terminal.command(`clear; ${GO_ON}`);
    // The next signal comes while it takes the terminal.
    await waitFor("top to go on", () => !isStopped(pid), { interval: 0 });
  }
  await terminal.waitForText(/^wg0 .* up\b/m);
  await quit(top);
});

Deno.test("top ends by a signal that it gets while it is stopped", async () => {
  await using site = await createSite();
  const top = await startTop(site, { shell: BASH });
  await top.terminal.press("C-z");
  await waitUntilStopped(top);
  // bash lets it go on then: in the background, where it can't have the terminal.
  await top.terminal.command("kill %1");
  await waitFor("top's end", async () => !(await site.host.processes()).includes(top.pid));
  assert.deepEqual(await top.terminal.modes(), SHELL);
});

Deno.test("top isn't stopped where nobody could let it go on", async () => {
  await using site = await createSite();
  // One that leads a session, and one that ignores the signal. tmux would let its own children go on.
  for (
    const command of [`setsid --ctty --wait ${TOP}`, `sh -c 'trap "" TSTP; ${TOP}; echo code $?'`]
  ) {
    const top = await startTop(site, { command });
    const { terminal, pid } = top;
    await terminal.press("C-z");
    await terminal.type("s");
    await terminal.waitForText(/by name, every/);
    Deno.kill(pid, "SIGTSTP");
    await terminal.type("s");
    await terminal.waitForText(/by rate, every/);
    assert.deepEqual(await terminal.modes(), SCREEN);
    await terminal.kill();
  }
});
