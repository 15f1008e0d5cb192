/**
 * Round-trip times through a tunnel while its far side, which has many peers, serves its control socket.
 * Needs root.
 *
 *     deno task bench:control [--programs=DIRECTORY] [--peers=N] [--rounds=N]
 *         [--seconds=N]
 */
import type { Host } from "../netns/harness/host.ts";
import { peerSections } from "../netns/harness/many_peers.ts";
import { pathOf } from "../netns/harness/paths.ts";
import { pause } from "../netns/harness/wait.ts";
import type { Implementation } from "./implementation.ts";
import { parsePing } from "./ping_output.ts";
import { Programs } from "./programs.ts";
import { quantile } from "./statistics.ts";
import { startEngine, Tunnel, waitForInterface } from "./tunnel.ts";

const INTERVAL_MS = 2;
/** Until a client is at work, and until the last answers to it are through. */
const SETTLE_MS = 500;

const option = (name: string, otherwise: string): string =>
  Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ??
    otherwise;

/** An interface beside the tunnel's, with as many peers. */
const OTHER = "wg1";

/** What a control socket is asked to do, as a shell command, and the round-trip times meanwhile. */
interface Case {
  readonly name: string;
  readonly command: ((device: string) => string) | null;
  /** While the tunnel's own engine is asked. */
  readonly times: number[];
  /** While another engine is asked, which takes as much processor time. */
  readonly otherTimes: number[];
}

function cases(): Case[] {
  const program = pathOf("../../bench/control_client.ts");
  const client = (device: string, mode: string) =>
    `exec ${Deno.execPath()} run -A --quiet ${program} /var/run/wireguard/${device}.sock ${mode}`;
  const commands: [string, Case["command"]][] = [
    ["nothing", null],
    ["one get after the other", (device) => client(device, "get")],
    ["wg show in a loop", (device) => `while :; do wg show ${device} dump; done`],
    ["an answer read at 1 byte/s", (device) => client(device, "slow")],
    ["wg addconf in a loop", (device) => `while :; do wg addconf ${device} /run/peers.conf; done`],
  ];
  return commands.map(([name, command]) => ({ name, command, times: [], otherTimes: [] }));
}

async function measure(tunnel: Tunnel, one: Case, seconds: number): Promise<void> {
  one.times.push(...await pingMeanwhile(tunnel, one.command?.("wg0") ?? null, seconds));
  if (one.command === null) return;
  one.otherTimes.push(...await pingMeanwhile(tunnel, one.command(OTHER), seconds));
}

/** Microseconds of each answer while a shell command runs on the far side. */
async function pingMeanwhile(
  tunnel: Tunnel,
  command: string | null,
  seconds: number,
): Promise<number[]> {
  const client = command === null ? null : await inBackground(tunnel.right.host, command);
  await pause(SETTLE_MS);
  const count = Math.round(seconds * 1000 / INTERVAL_MS);
  const { stdout } = await tunnel.left.host.try(
    ["ping", "-n", "-i", String(INTERVAL_MS / 1000), "-c", String(count), "-W", "2"]
      .concat(tunnel.address[4]),
  );
  await client?.end();
  await pause(SETTLE_MS);
  return parsePing(stdout).map((milliseconds) => milliseconds * 1000);
}

/** Runs a shell command until `end` is called. */
async function inBackground(host: Host, command: string): Promise<{ end(): Promise<void> }> {
  const process = await host.start(["bash", "-c", `exec >/dev/null; ${command}`]);
  return {
    end: async () => {
      process.kill("SIGTERM");
      await process.result;
    },
  };
}

async function main(): Promise<void> {
  const given = option("programs", "");
  const directory = given || await Deno.makeTempDir({ prefix: "wgts-bench-" });
  try {
    const programs = new Programs(directory);
    await programs.compile("wgts");
    const wgts: Implementation = {
      id: "wgts",
      name: "wgts",
      kind: "wgts",
      serve: (device) => [programs.path("wgts"), "run", "--foreground", device],
    };
    const peers = Number(option("peers", "10000"));
    await using tunnel = await Tunnel.create(wgts);
    const { host } = tunnel.right;
    const other = await startEngine(host, wgts, wgts.serve?.(OTHER) ?? []);
    await waitForInterface(host, other, OTHER);
    await host.writeFile("/run/peers.conf", peerSections(0, peers));
    await host.sh(`wg addconf wg0 /run/peers.conf; wg addconf ${OTHER} /run/peers.conf`);
    const all = cases();
    for (let round = 0; round < Number(option("rounds", "3")); round++) {
      for (const one of all) await measure(tunnel, one, Number(option("seconds", "3")));
    }
    report(all, peers);
  } finally {
    if (given === "") await Deno.remove(directory, { recursive: true });
  }
}

function report(all: readonly Case[], peers: number): void {
  const base = quantile(all[0]?.times ?? [], 0.99);
  const column = (value: number, digits = 0) => value.toFixed(digits).padStart(8);
  console.log(`Ping in µs while a control socket with ${peers} peers serves`);
  console.log(`${"".padEnd(28)}     p50     p99     max    p99 / that of`);
  console.log(`${"".padEnd(28)}                        nothing another interface`);
  for (const { name, times, otherTimes } of all) {
    const p99 = quantile(times, 0.99);
    console.log(
      name.padEnd(28) + column(quantile(times, 0.5)) + column(p99) + column(Math.max(...times)) +
        column(p99 / base, 2) + column(p99 / quantile(otherTimes, 0.99), 2).padStart(12),
    );
  }
}

await main();
