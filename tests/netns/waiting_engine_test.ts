/**
 * The engine that waits for its interface while `up` still reads and plans: what it may do, and that it goes
 * with whoever started it. A config that is a named pipe keeps `up` waiting.
 */
import assert from "node:assert/strict";
import { threadStatuses } from "../ffi/thread_status.ts";
import type { Process } from "./harness/host.ts";
import { Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

const CONFIG = "/etc/wireguard/wg0.conf";

/** Capabilities that an engine may have: net_admin, net_bind_service and net_broadcast. */
const ALLOWED = 1n << 12n | 1n << 10n | 1n << 11n;

/** Starts `up`, which waits for its config, and its engine, which waits for the interface. */
async function startWaiting(site: Site): Promise<{ up: Process; engine: number }> {
  await site.host.sh(`mv ${CONFIG} /run/wg0.conf; mkfifo -m 600 ${CONFIG}`);
  const up = await site.start("up", "--foreground", "wg0");
  const engine = await waitFor("the engine to wait", async () => {
    const [engine] = await site.engines();
    return engine !== undefined && isConfined(engine) ? engine : null;
  });
  return { up, engine };
}

/**
 * Whether the process can make no more system calls than a running tunnel: the last it does before it
 * waits.
 */
function isConfined(pid: number): boolean {
  const threads = threadStatuses(pid);
  return threads.length > 0 && threads.every(({ Seccomp }) => Seccomp === "2");
}

Deno.test("an engine that waits is confined, and holds nothing but its end of a socket", async () => {
  await using site = await Site.create();
  const { up, engine } = await startWaiting(site);
  for (const { CapInh, CapPrm, CapEff, CapAmb, NoNewPrivs } of threadStatuses(engine)) {
    for (const set of [CapInh, CapPrm, CapEff, CapAmb]) {
      assert.equal(BigInt(`0x${set}`) & ~ALLOWED, 0n, set);
    }
    assert.equal(NoNewPrivs, "1");
  }
  assert.equal(await site.host.sh("ip -o link show type tun"), "");
  assert.equal(await site.host.sh("ss -Hluntp"), "");
  assert.equal(Deno.readLinkSync(`/proc/${engine}/fd/3`).startsWith("socket:"), true);
  const words = Deno.readTextFileSync(`/proc/${engine}/cmdline`).split("\0");
  assert.deepEqual(words.slice(words.indexOf("engine")), [
    "engine",
    "wg0",
    "--orders-fd=3",
    "--log=stderr",
    "--explain-end",
    "",
  ]);
  up.kill("SIGKILL");
  await site.waitForNoProcess();
});

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  Deno.test(`an engine that waits ends without a trace when up ends by ${signal}`, async () => {
    await using site = await Site.create();
    const before = await snapshot(site.host);
    const { up } = await startWaiting(site);
    up.kill(signal);
    await site.waitForNoProcess();
    const { stdout, stderr } = await up.result;
    assert.equal(stdout + stderr, "");
    await site.host.sh(`mv /run/wg0.conf ${CONFIG}`);
    await assertRestored(site.host, before);
    await site.wgtsOk("up", "wg0");
    await site.wgtsOk("down", "wg0");
    await assertRestored(site.host, before);
  });
}

Deno.test("an engine that waits serves the interface once up knows what is to be served", async () => {
  await using site = await Site.create();
  const { up, engine } = await startWaiting(site);
  await site.host.sh(`cat /run/wg0.conf >${CONFIG}`);
  await site.waitForTunnel();
  assert.deepEqual(await site.engines(), [engine]);
  up.kill("SIGTERM");
  assert.equal((await up.result).code, 0);
  await site.waitForNoProcess();
});

Deno.test("up that fails leaves no engine that waits", async () => {
  await using site = await Site.create();
  const config = await site.host.sh(`cat ${CONFIG}`);
  const before = await snapshot(site.host);
  for (const text of ["[Interface]\nPrivateKey = x\n", "[Interface]\nBogus = 1\n"]) {
    await site.host.writeFile(CONFIG, text);
    assert.equal((await site.wgts("up", "wg0")).code, 1);
    assert.deepEqual(await site.engines(), []);
  }
  for (const args of [["nothere"], ["/run/nothere.conf"], ["--bogus", "wg0"], ["wg0", "wg0"]]) {
    assert.equal((await site.wgts("up", ...args)).code, 1);
    assert.deepEqual(await site.engines(), []);
  }
  await site.host.writeFile(CONFIG, config);
  await assertRestored(site.host, before);

  await site.wgtsOk("up", "wg0");
  const engine = await site.engine();
  assert.match((await site.wgts("up", "wg0")).stderr, /`wg0' already exists/);
  assert.equal(await site.engine(), engine);
});
