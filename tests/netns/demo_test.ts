/** `deno task demo`: runs, and leaves nothing behind, whatever ends it. */
import assert from "node:assert/strict";
import { Host, type Process } from "./harness/host.ts";
import { pathOf } from "./harness/paths.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

const DEMO = pathOf("../../demo/main.ts");
const HOST_PROGRAM = "demo/host.ts";
/** On a machine that has little time for each of many processes. */
const DEADLINE = 120_000;

function start(machine: Host, env: Record<string, string> = {}): Promise<Process> {
  return machine.start([Deno.execPath(), "run", "-A", "--quiet", DEMO], env);
}

async function waitForNoProcess(machine: Host): Promise<void> {
  await waitFor("the end of all processes", async () => (await machine.processes()).length === 0, {
    deadline: DEADLINE,
  });
}

/** The ids of the processes whose command line contains `text`. */
async function processesOf(machine: Host, text: string): Promise<number[]> {
  // Those of the demo's hosts are in process namespaces of their own.
  const namespace = await Deno.readLink(`/proc/${machine.pid}/ns/pid`);
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const line = (await Deno.readTextFile(`/proc/${name}/cmdline`)).replaceAll("\0", " ");
      if (line.includes(text) && await isWithin(Number(name), namespace)) found.push(Number(name));
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}

/** Whether a process is in the process namespace, or one of its ancestors is. */
async function isWithin(pid: number, namespace: string): Promise<boolean> {
  for (let ancestor = pid; ancestor > 1;) {
    if (await Deno.readLink(`/proc/${ancestor}/ns/pid`) === namespace) return true;
    const status = await Deno.readTextFile(`/proc/${ancestor}/status`);
    ancestor = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
  }
  return false;
}

/** Bytes that the tunnel has taken up at the end that the engine `pid` serves. */
async function bytesSent(pid: number): Promise<number> {
  const devices = await Deno.readTextFile(`/proc/${pid}/net/dev`);
  return Number(/^ *wg0:(?: +\d+){8} +(\d+)/m.exec(devices)?.[1] ?? 0);
}

/** How far the demo is when it is interrupted. */
const MOMENTS: Record<string, (machine: Host) => Promise<boolean>> = {
  "the hosts exist": async (machine) => (await processesOf(machine, HOST_PROGRAM)).length === 2,
  "the tunnel comes up": async (machine) => (await processesOf(machine, " engine wg0 ")).length > 0,
  "the transfer runs": async (machine) => {
    const engines = await processesOf(machine, " engine wg0 ");
    return (await Promise.all(engines.map(bytesSent))).some((bytes) => bytes > 1_000_000);
  },
};

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 } as const;

Deno.test("the demo succeeds and leaves nothing", async () => {
  await using machine = await Host.create("machine");
  const temporary = await Deno.makeTempDir();
  try {
    const before = await snapshot(machine);
    const { code, stdout, stderr } = await (await start(machine, { TMPDIR: temporary })).result;
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stderr, "");
    for (const step of ["wire", "config", "up", "ping", "transfer", "down"]) {
      assert.match(stdout, new RegExp(`^✓ ${step} `, "m"));
    }
    assert.match(stdout, /10 of 10 answers from fd10::2/);
    assert.match(stdout, /100 MB by TCP in .* equal on both/);
    assert.match(stdout, /^interface: wg0\n {2}public key: .*\n {2}private key: \(hidden\)/m);
    assert.ok(!stdout.includes("\x1b"), "no colors but on a terminal");
    await waitForNoProcess(machine);
    await assertRestored(machine, before);
    assert.deepEqual([...Deno.readDirSync(temporary)], []);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
});

for (const [moment, isReached] of Object.entries(MOMENTS)) {
  for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
    Deno.test(`the demo leaves nothing at ${signal} when ${moment}`, async () => {
      for (let attempt = 1; !await interrupt(moment, isReached, signal, exitCode); attempt++) {
        assert.ok(attempt < 10, `the demo is always over before ${moment}`);
      }
    });
  }
}

/** Sends `signal` at a moment; returns false when the demo came to its end before the signal. */
async function interrupt(
  moment: string,
  isReached: (machine: Host) => Promise<boolean>,
  signal: string,
  exitCode: number,
): Promise<boolean> {
  await using machine = await Host.create("machine");
  const before = await snapshot(machine);
  const process = await start(machine);
  let isOver = false;
  process.result.then(() => isOver = true);
  await waitFor(moment, async () => isOver || await isReached(machine), {
    deadline: DEADLINE,
    interval: 10,
  });
  process.kill(signal as keyof typeof EXIT_CODES);
  const { code, stdout, stderr } = await process.result;
  if (code === 0) return false;
  assert.equal(code, exitCode, stdout + stderr);
  if (signal !== "SIGKILL") assert.match(stderr, /^✗ stop +interrupted/m);
  // A dying host has no command line any more, while its namespace's processes still end.
  for (const program of [HOST_PROGRAM, " engine wg0 "]) {
    await waitFor(`the end of ${program.trim()}`, async () => {
      return (await processesOf(machine, program)).length === 0;
    }, { deadline: DEADLINE });
  }
  await waitForNoProcess(machine);
  await assertRestored(machine, before);
  return true;
}

Deno.test("the demo says what it needs when it isn't root", async () => {
  await using machine = await Host.create("machine");
  const { code, stdout, stderr } = await machine.try(
    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"].concat(
      [Deno.execPath(), "run", "-A", "--quiet", "--no-lock", DEMO],
    ),
  );
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^The demo .* needs root: run it with sudo\.\n$/);
});

Deno.test("the demo says what it needs when there is no TUN device", async () => {
  await using machine = await Host.create("machine");
  await machine.sh("mount -t tmpfs tmpfs /dev");
  const { code, stdout, stderr } = await (await start(machine)).result;
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^The demo needs \/dev\/net\/tun: [^\n]*\n$/);
});

Deno.test("the demo says what it needs when it may not create namespaces", async () => {
  await using machine = await Host.create("machine");
  const { code, stderr } = await machine.try(
    ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", "--"].concat(
      [Deno.execPath(), "run", "-A", "--quiet", DEMO],
    ),
  );
  assert.equal(code, 1);
  assert.match(stderr, /^✗ hosts +Cannot create a process namespace: .*CAP_SYS_ADMIN.*\n$/);
});
