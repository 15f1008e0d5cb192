/** What is told of an interface whose engine has ended, however it did. */
import assert from "node:assert/strict";
import { pathOf } from "./harness/paths.ts";
import { Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

const SOON = "(Now|\\d+ seconds? ago|\\d+ minutes?, .*ago)";

/** Brings wg0 up, lets `end` end its engine, and waits until it has. */
async function endEngine(
  site: Site,
  end: (engine: number) => Promise<unknown> | void,
): Promise<number> {
  await site.wgtsOk("up", "wg0");
  const engine = await site.engine();
  const status = await Deno.readTextFile(`/proc/${engine}/status`);
  await end(engine);
  await site.waitForNoProcess();
  return Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]);
}

/** Asserts that status tells `reason`, for people and programs, until `down`, which tells it too. */
async function assertTold(site: Site, pid: number, reason: RegExp, known: boolean): Promise<void> {
  for (const args of [["status"], ["status", "wg0"]]) {
    const { code, stdout, stderr } = await site.wgts(...args);
    assert.equal(code, 1);
    assert.equal(stderr, "");
    const ended = known ? `  ended: ${SOON}\n` : "";
    assert.match(
      stdout,
      new RegExp(
        `^interface: wg0\n  engine: ended; it was process ${pid}\n  started: ${SOON}\n` +
          `${ended}  reason: ${reason.source}\n$`,
      ),
    );
  }
  const { code, stdout } = await site.wgts("status", "--json");
  assert.equal(code, 1);
  const { time, interfaces: [entry] } = JSON.parse(stdout);
  assert.equal(entry.state, "ended");
  assert.equal(entry.end.process, pid);
  assert.match(entry.end.reason, reason);
  if (known) assert.ok(entry.end.startedAt <= entry.end.time && entry.end.time <= time);
  else assert.equal(entry.end.time, null);
  const metrics = await site.wgtsOk("metrics");
  assert.match(metrics, /^wireguard_interface_up\{interface="wg0"\} 0$/m);

  const down = await site.wgts("down", "wg0");
  assert.equal(down.code, 0, down.stderr);
  assert.match(
    down.stderr,
    new RegExp(`^wgts: wg0: its engine \\(process ${pid}\\) died \\(${reason.source}\\)$`, "m"),
  );
  const gone = await site.wgts("status", "wg0");
  assert.equal(gone.stderr, "wgts: wg0: no interface is served by that name\n");
  assert.equal(await site.wgtsOk("status"), "");
}

const KILLED = /killed or crashed before it could tell why; if memory ran out, .* says so/;

Deno.test("of an engine that was killed it is told that nothing is known", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const pid = await endEngine(site, (engine) => Deno.kill(engine, "SIGKILL"));
  await assertTold(site, pid, KILLED, false);
  await assertRestored(site.host, before);
});

Deno.test("of an engine that crashed it is told that nothing is known", async () => {
  await using site = await Site.create();
  const pid = await endEngine(site, (engine) => Deno.kill(engine, "SIGABRT"));
  await assertTold(site, pid, KILLED, false);
});

Deno.test("an engine whose interface is deleted says so", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const pid = await endEngine(site, () => site.host.sh("ip link delete wg0"));
  await assertTold(site, pid, /the interface was deleted/, true);
  await assertRestored(site.host, before);
});

Deno.test("an engine whose control socket is deleted, or that is told to end, says so", async () => {
  await using site = await Site.create();
  const deleted = await endEngine(site, () => site.host.sh("rm /run/wireguard/wg0.sock"));
  await assertTold(site, deleted, /its control socket \S+ was deleted/, true);
  const told = await endEngine(site, (engine) => Deno.kill(engine, "SIGTERM"));
  await assertTold(site, told, /SIGTERM/, true);
});

Deno.test("an up after the engine's death tells why it cleans up, and starts anew", async () => {
  await using site = await Site.create();
  await endEngine(site, (engine) => Deno.kill(engine, "SIGKILL"));
  const { code, stderr } = await site.wgts("up", "wg0");
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^wgts: wg0: its engine \(process \d+\) died \(killed or .*\): cleaning up/m,
  );
  assert.match(await site.wgtsOk("status", "--interval=0", "wg0"), /^ {2}state: up/m);
});

Deno.test("an engine that fails says with what, in one line and without control characters", async () => {
  await using site = await Site.create();
  const program = pathOf("failing_engine.ts");
  const engine = await site.host.start([Deno.execPath(), "run", "-A", "--quiet", program, "wg0"]);
  await waitFor(
    "the engine",
    () => site.host.attempt("wg show wg0").then(({ code }) => code === 0),
  );
  await site.host.attempt("wg genkey >/run/key; wg set wg0 private-key /run/key");
  const { code, stderr } = await engine.result;
  assert.equal(code, 1);
  assert.match(stderr, /ending: Error: injected/);
  const status = await site.wgts("status", "wg0");
  assert.equal(status.code, 1);
  assert.match(status.stdout, /^ {2}reason: failed: injected \[31mfailure\n$/m);
});

Deno.test("down removes the traces of a killed engine that run started", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  await site.host.sh("rm /etc/wireguard/wg0.conf");
  await site.wgtsOk("run", "wg0");
  assert.equal((await site.wgts("down", "wg0")).code, 1);
  Deno.kill(await site.engine(), "SIGKILL");
  await site.waitForNoProcess();
  assert.equal((await site.wgts("status")).code, 1);
  const { code, stderr } = await site.wgts("down", "wg0");
  assert.equal(code, 0);
  assert.match(stderr, /^wgts: wg0: its engine \(process \d+\) died \(killed or .*\)\n$/);
  assert.equal((await site.wgts("status")).code, 0);
  await site.host.sh("test ! -e /run/wgts");
  await site.writeConfig();
  await assertRestored(site.host, before);
});

Deno.test("an interface of run that was ended as it should leaves no trace", async () => {
  await using site = await Site.create();
  const ways: ((engine: number) => Promise<unknown> | void)[] = [
    () => site.host.sh("ip link delete wg0"),
    () => site.host.sh("rm /run/wireguard/wg0.sock"),
    (engine) => Deno.kill(engine, "SIGTERM"),
  ];
  for (const end of ways) {
    await site.wgtsOk("run", "wg0");
    await end(await site.engine());
    await site.waitForNoProcess();
    const { code, stderr } = await site.wgts("status", "wg0");
    assert.equal(code, 1);
    assert.equal(stderr, "wgts: wg0: no interface is served by that name\n");
    await site.host.sh("test ! -e /run/wgts");
  }
});
