/**
 * wgts as `wg` on an interface of its own, against Debian's `wg` on one of wireguard-go, for interfaces
 * larger than anybody's. Needs root.
 *
 *     deno run -A tests/bench/wg.ts [--programs=DIRECTORY] [--runs=N] [--shape=PART] [--operation=PART]
 *
 * Start-up is what the same command takes with one peer that has one allowed IP. Growth is how many times as
 * long wgts takes, start-up aside, for four times as many peers (or allowed IPs of one), divided by four: 1
 * when time is linear in their number. The parts of names limit what is measured.
 */
import { Host } from "../netns/harness/host.ts";
import { largeArguments, largeConfig, type Shape, SHAPES } from "../netns/harness/large_configs.ts";
import { waitFor } from "../netns/harness/wait.ts";
import { Programs } from "./programs.ts";
import { quantile } from "./statistics.ts";

const DEFAULT_RUNS = 5;
/** Its single argument would be longer than the kernel allows. */
const MOST_IPS_OF_ARGUMENT = 4000;
const KEYS = ["yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "A".repeat(42) + "E="] as const;

/** A command, and the config that its interface has before. */
interface Operation {
  readonly prepare: string;
  readonly command: string;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "setconf, from nothing": { prepare: "none", command: "wg setconf wg0 /run/all.conf" },
  "setconf, the same": { prepare: "all", command: "wg setconf wg0 /run/all.conf" },
  "syncconf, the same": { prepare: "all", command: "wg syncconf wg0 /run/all.conf" },
  "syncconf, to half": { prepare: "all", command: "wg syncconf wg0 /run/half.conf" },
  "show": { prepare: "all", command: "wg show wg0" },
  "show dump": { prepare: "all", command: "wg show wg0 dump" },
  "showconf": { prepare: "all", command: "wg showconf wg0" },
  "set, from nothing": {
    prepare: "none",
    command: "xargs -a /run/arguments -s 2000000 wg set wg0",
  },
};
const SMALLEST: Shape = { peers: 1, allowedIps: 1 };
const GROWTH = 4;

const option = (name: string, otherwise: string): string =>
  Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ??
    otherwise;

/** A program with an interface. It runs only while it is measured: wireguard-go is never idle with many peers. */
interface Side extends AsyncDisposable {
  readonly host: Host;
  /** Of the process that serves the interface. */
  readonly process: string;
}

async function createSide(name: string, wg: string, serve: string, process: string): Promise<Side> {
  const host = await Host.create(name);
  await host.sh(`mkdir /run/bin; ln -s ${wg} /run/bin/wg; : >/run/none.conf; ${serve}`);
  await waitFor("the interface", () => host.sh("/usr/bin/wg show wg0 dump"));
  await host.sh(`pkill -STOP ${process}`);
  return { host, process, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

/** Milliseconds that the command takes on an interface that was prepared before each time. */
async function measure(
  { host, process }: Side,
  { prepare, command }: Operation,
  runs: number,
): Promise<number[]> {
  const output = await host.sh(`PATH=/run/bin:$PATH
    pkill -CONT ${process}
    for run in $(seq ${runs}); do
      /usr/bin/wg setconf wg0 /run/${prepare}.conf
      begin=$EPOCHREALTIME
      ${command} >/run/output
      end=$EPOCHREALTIME
      echo $((\${end/./} - \${begin/./}))
    done
    pkill -STOP ${process}`);
  return output.trim().split("\n").map((microseconds) => Number(microseconds) / 1000);
}

/** A part of a shape: as many peers, or allowed IPs of a single one. */
function divided({ peers, allowedIps }: Shape, by: number): Shape {
  return peers > 1
    ? { peers: Math.ceil(peers / by), allowedIps }
    : { peers, allowedIps: Math.ceil(allowedIps / by) };
}

async function writeFiles({ host }: Side, shape: Shape): Promise<void> {
  await host.writeFile("/run/all.conf", largeConfig(shape, ...KEYS));
  await host.writeFile("/run/half.conf", largeConfig(divided(shape, 2), ...KEYS));
  await host.writeFile("/run/arguments", largeArguments(shape));
}

/** Medians in milliseconds, by the operation. */
async function measureAll(
  side: Side,
  shape: Shape,
  operations: readonly string[],
  runs: number,
): Promise<Map<string, number>> {
  await writeFiles(side, shape);
  const medians = new Map<string, number>();
  for (const name of operations) {
    const operation = OPERATIONS[name];
    if (operation === undefined) continue;
    medians.set(name, quantile(await measure(side, operation, runs), 0.5));
  }
  return medians;
}

async function report(wgts: Side, peer: Side, runs: number): Promise<void> {
  const asked = Object.keys(OPERATIONS).filter((name) => name.includes(option("operation", "")));
  const ourStart = await measureAll(wgts, SMALLEST, asked, runs);
  const theirStart = await measureAll(peer, SMALLEST, asked, runs);
  console.log(`Milliseconds, medians of ${runs}; in brackets how much of it is start-up`);
  for (const [name, shape] of Object.entries(SHAPES)) {
    if (!name.includes(option("shape", ""))) continue;
    const fits = shape.allowedIps <= MOST_IPS_OF_ARGUMENT;
    const operations = asked.filter((operation) => fits || !operation.startsWith("set,"));
    const ours = await measureAll(wgts, shape, operations, runs);
    const theirs = await measureAll(peer, shape, operations, runs);
    const part = await measureAll(wgts, divided(shape, GROWTH), operations, runs);
    console.log(
      `\n${name.padEnd(32)}${"wgts".padStart(17)}${"wg".padStart(17)}   ratio  bare ratio  growth`,
    );
    for (const operation of operations) {
      const of = (medians: Map<string, number>) => medians.get(operation) ?? NaN;
      const bare = of(ours) - of(ourStart);
      const growth = bare / (of(part) - of(ourStart)) / GROWTH;
      console.log(
        `  ${operation.padEnd(30)}${times(of(ours), of(ourStart))}` +
          times(of(theirs), of(theirStart)) + (of(ours) / of(theirs)).toFixed(2).padStart(8) +
          (bare / (of(theirs) - of(theirStart))).toFixed(2).padStart(12) +
          growth.toFixed(2).padStart(8),
      );
    }
  }
}

function times(whole: number, start: number): string {
  return `${whole.toFixed(1).padStart(9)}${`(${start.toFixed(1)})`.padStart(8)}`;
}

async function main(): Promise<void> {
  const given = option("programs", "");
  const directory = given || await Deno.makeTempDir({ prefix: "wgts-bench-" });
  try {
    const programs = new Programs(directory);
    await programs.compile("wgts");
    const program = programs.path("wgts");
    await using wgts = await createSide("wgts", program, `${program} run wg0`, "wgts");
    await using peer = await createSide("peer", "/usr/bin/wg", "wireguard-go wg0", "wireguard-go");
    await report(wgts, peer, Number(option("runs", String(DEFAULT_RUNS))));
  } finally {
    if (given === "") await Deno.remove(directory, { recursive: true });
  }
}

await main();
