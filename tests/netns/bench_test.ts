/** `deno task bench`: that it gives figures and leaves nothing behind, not what the figures are. */
import assert from "node:assert/strict";
import { Host, type Process } from "./harness/host.ts";
import { pathOf } from "./harness/paths.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

const BENCH = pathOf("../../bench/main.ts");
const PEER = "wireguard-go-debian";
const OUTPUT = "/run/results.json";

function start(machine: Host): Promise<Process> {
  const options = [`--only=wgts,${PEER}`, "--quick", "--quiet-wait=0", "--no-install"];
  return machine.start(
    [Deno.execPath(), "run", "-A", "--quiet", BENCH, ...options, `--output=${OUTPUT}`],
  );
}

/** Directories with compiled programs that the benchmark has made. */
function temporaryDirectories(): string[] {
  const directory = Deno.env.get("TMPDIR") ?? "/tmp";
  return [...Deno.readDirSync(directory)].map(({ name }) => name)
    .filter((name) => name.startsWith("wgts-bench-")).sort();
}

async function assertNothingLeft(machine: Host, before: string, directories: string[]) {
  await waitFor("the end of all processes", async () => (await machine.processes()).length === 0);
  await machine.sh(`rm -f ${OUTPUT}`);
  await assertRestored(machine, before);
  assert.deepEqual(temporaryDirectories(), directories);
}

/** Without a base runtime to compile with, there is nothing to measure. */
const ignore = !Deno.env.has("WGTS");

Deno.test("a quick benchmark gives all figures and leaves nothing behind", { ignore }, async () => {
  await using machine = await Host.create("machine");
  const before = await snapshot(machine);
  const directories = temporaryDirectories();
  const { code, stdout, stderr } = await (await start(machine)).result;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^TCP ×1 IPv4 → +Gbit\/s +[\d.]+ +[\d.]+$/m);

  const { runs, summary, bars } = JSON.parse(await Deno.readTextFile(machine.path(OUTPUT)));
  assert.equal(runs.length, 2);
  for (const { implementation, errors } of runs) assert.deepEqual(errors, [], implementation);
  const figures = [
    "tcp_v4_1_forward",
    "tcp_v4_4_forward",
    "cpu_sender",
    "cpu_receiver",
    "udp_64",
    "udp_1200",
    "ping_p50",
    "ping_first_p50",
    "ping_load_p99",
    "rss_anon_idle",
    "rss_load",
    "handshake_cpu",
    "first_ping",
  ];
  for (const implementation of ["wgts", PEER]) {
    for (const figure of figures) {
      const median = summary[implementation]?.[figure]?.median;
      assert.ok(median > 0, `${figure} of ${implementation}: ${median}`);
    }
    assert.ok(summary[implementation].wakeups.median >= 0);
  }
  const [tcp] = bars;
  assert.equal(tcp.against, PEER);
  assert.equal(typeof tcp.met, "boolean");
  await assertNothingLeft(machine, before, directories);
});

Deno.test("an interrupted benchmark leaves nothing behind", { ignore }, async () => {
  await using machine = await Host.create("machine");
  const before = await snapshot(machine);
  const directories = temporaryDirectories();
  const bench = await start(machine);
  // The hosts of the benchmark are in process namespaces of their own.
  await waitFor("an engine that serves", async () => {
    const processes = await machine.sh("ps -eo args");
    return /^iperf3 .*--client/m.test(processes);
  }, { interval: 10 });
  bench.kill("SIGINT");
  assert.equal((await bench.result).code, 130);
  await assertNothingLeft(machine, before, directories);
});
