/** Several threads encrypt and decrypt: nothing else changes, and they are there only when needed. */
import assert from "node:assert/strict";
import { threadStatuses } from "../ffi/thread_status.ts";
import { drops } from "./harness/drops.ts";
import { Host } from "./harness/host.ts";
import { type Implementation, wgtsWith, WIREGUARD_GO_CURRENT } from "./harness/implementation.ts";
import { type End, Lab } from "./harness/lab.ts";
import { wgts } from "./harness/program.ts";
import { ping, transfer } from "./harness/traffic.ts";
import { pause, waitFor } from "./harness/wait.ts";

const MEGABYTE = 1 << 20;
const THREADS = 3;
const TESTED = wgtsWith(`--threads=${THREADS}`);
const PAIRS: readonly [Implementation, Implementation][] = [
  [TESTED, TESTED],
  [TESTED, WIREGUARD_GO_CURRENT],
];

/** Long enough for a thread that looks for work now and then to be noticed. */
const IDLE_MS = 3000;

interface Thread {
  id: string;
  /** Nanoseconds on a CPU. */
  runTime: number;
  /** How often it went to sleep. */
  sleeps: number;
}

/** The crypto threads of a process: the runtime's workers, by their names. */
async function cryptoThreads(pid: number): Promise<Thread[]> {
  const threads: Thread[] = [];
  for await (const { name: id } of Deno.readDir(`/proc/${pid}/task`)) {
    const read = (file: string) => Deno.readTextFile(`/proc/${pid}/task/${id}/${file}`);
    if (!(await read("comm")).startsWith("worker-")) continue;
    const sleeps = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(await read("status"))?.[1];
    threads.push({
      id,
      runTime: Number((await read("schedstat")).split(" ")[0]),
      sleeps: Number(sleeps),
    });
  }
  return threads;
}

/** The process on a host that has crypto threads. */
function engineOf(host: Host): Promise<number> {
  return waitFor(`a process of ${host.name} with crypto threads`, async () => {
    for (const pid of await host.processes()) {
      if ((await cryptoThreads(pid)).length > 0) return pid;
    }
  });
}

function hostOf(end: End): Host {
  assert(end.machine instanceof Host);
  return end.machine;
}

for (const [left, right] of PAIRS) {
  const ignore = right.missing ?? false;
  const name = `all arrives in order from ${left.name} to ${right.name} and back`;
  Deno.test(name, { ignore }, async () => {
    await using lab = await Lab.create(left, right);
    const tunnel = await lab.tunnel();
    await tunnel.configure({ initiator: "left", underlay: 4 });
    const engine = await engineOf(hostOf(tunnel.left));
    // All that a TCP window has under way: the queue of a TUN is shorter by default.
    for (const { machine, device } of [tunnel.left, tunnel.right]) {
      await machine.sh(`ip link set ${device} txqueuelen 10000`);
    }
    const hosts = [hostOf(tunnel.left), hostOf(tunnel.right)];
    const dropped = await drops(hosts);
    const before = await cryptoThreads(engine);
    assert.equal(before.length, THREADS - 1);

    for (const family of [4, 6] as const) {
      await ping(tunnel.left, tunnel.right, family);
      await transfer(tunnel.left, tunnel.right, family, 32 * MEGABYTE);
      await transfer(tunnel.right, tunnel.left, family, 32 * MEGABYTE);
    }
    await waitFor("the threads to be used", async () => {
      await transfer(tunnel.left, tunnel.right, 4, 32 * MEGABYTE);
      const now = await cryptoThreads(engine);
      return now.every(({ runTime }, at) => runTime > (before[at]?.runTime ?? Infinity));
    });
    // After a loss, what is sent again comes in another order.
    if (await drops(hosts) > dropped) return;
    for (const { machine } of [tunnel.left, tunnel.right]) {
      // What Linux has noticed of segments that came in another order than they were sent in.
      const counters = await machine.sh("nstat -asz 'TcpExt*Reorder'");
      const counts = [...counters.matchAll(/^TcpExt\w+Reorder\s+(\d+)/gm)];
      assert.equal(counts.length, 3, counters);
      assert(counts.every(([, count]) => count === "0"), counters);
    }
  });
}

Deno.test("crypto threads are confined, sleep when there is nothing to do, and end with the engine", async () => {
  await using host = await Host.create("host");
  const device = "wg0";
  const engine = await host.start([...wgts(), "run", "-f", `--threads=${THREADS}`, device]);
  await waitFor("the interface to be served", async () => {
    return (await host.attempt(`wg show ${device}`)).code === 0;
  });
  const pid = await engineOf(host);
  await host.sh(`ip link set ${device} up`);

  for (const { SigBlk, NoNewPrivs, Seccomp } of threadStatuses(pid)) {
    assert.equal(NoNewPrivs, "1");
    assert.equal(Seccomp, "2");
    // SIGHUP, SIGINT, SIGUSR1, SIGTERM
    assert.equal(BigInt(`0x${SigBlk}`) & 0x4203n, 0x4203n);
  }
  for (const { id } of await cryptoThreads(pid)) {
    const status = await Deno.readTextFile(`/proc/${pid}/task/${id}/status`);
    assert.match(status, /^CapPrm:\t0+$/m);
    assert.match(status, /^CapEff:\t0+$/m);
  }

  await waitFor("the threads to sleep", async () => {
    const before = await cryptoThreads(pid);
    await pause(IDLE_MS);
    const after = await cryptoThreads(pid);
    assert.equal(after.length, THREADS - 1);
    return after.every(({ sleeps, runTime }, at) =>
      sleeps === before[at]?.sleeps && runTime === before[at]?.runTime
    );
  });

  engine.kill("SIGTERM");
  const { code, stderr } = await engine.result;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /ending: SIGTERM\n$/);
  assert.equal((await host.attempt(`ip link show ${device}`)).code, 1);
});
