/**
 * wgts as `wg` on an interface of its own, against Debian's `wg` on one of wireguard-go, for interfaces
 * larger than anybody's. Needs root.
 *
 *     deno run -A tests/bench/wg.ts [--programs=DIRECTORY] [--runs=N] [--shape=PART] [--operation=PART]
 *
 * Start-up is what the same command takes with one peer that has one allowed IP; the two take turns.
 * Growth is how many times as long wgts takes, start-up aside, for four times as many peers (or allowed
 * IPs of one), divided by four: 1 when time is linear in their number. The parts of names limit what is
 * measured.
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
  "setconf, from nothing": { prepare: "none", command: "wg setconf wg0 all.conf" },
  "setconf, the same": { prepare: "all", command: "wg setconf wg0 all.conf" },
  "syncconf, the same": { prepare: "all", command: "wg syncconf wg0 all.conf" },
  "syncconf, to half": { prepare: "all", command: "wg syncconf wg0 half.conf" },
  "show": { prepare: "all", command: "wg show wg0" },
  "show dump": { prepare: "all", command: "wg show wg0 dump" },
  "showconf": { prepare: "all", command: "wg showconf wg0" },
  "set, from nothing": {
    prepare: "none",
    command: "xargs -a arguments -s 2000000 wg set wg0",
  },
};
const GROWTH = 4;

/** Sizes that take turns: one to know start-up by, the one that is measured, and a part of that. */
const SIZES = {
  small: (): Shape => ({ peers: 1, allowedIps: 1 }),
  whole: (shape: Shape): Shape => shape,
  part: (shape: Shape): Shape => divided(shape, GROWTH),
} as const;
type Size = keyof typeof SIZES;

/** Medians in milliseconds. */
type Medians = Record<Size, number>;

const option = (name: string, otherwise: string): string =>
  Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ??
    otherwise;

/**
 * A program with an interface. It runs only while it is measured: wireguard-go is never idle with many
 * peers.
 */
interface Side extends AsyncDisposable {
  readonly host: Host;
  /** Of the process that serves the interface. */
  readonly process: string;
}

async function createSide(name: string, wg: string, serve: string, process: string): Promise<Side> {
  const host = await Host.create(name);
  await host.sh(`mkdir /run/bin; ln -s ${wg} /run/bin/wg; ${serve}`);
  await waitFor("the interface", () => host.sh("/usr/bin/wg show wg0 dump"));
  await host.sh(`pkill -STOP ${process}`);
  return { host, process, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

/** How long the command takes on an interface that was prepared before each time. */
async function measure(
  { host, process }: Side,
  { prepare, command }: Operation,
  runs: number,
): Promise<Medians> {
  const output = await host.sh(`PATH=/run/bin:$PATH
    pkill -CONT ${process}
    for run in $(seq ${runs}); do
      for size in ${Object.keys(SIZES).join(" ")}; do
        cd /run/$size
        /usr/bin/wg setconf wg0 ${prepare}.conf
        begin=$EPOCHREALTIME
        ${command} >/run/output
        end=$EPOCHREALTIME
        echo $size $((\${end/./} - \${begin/./}))
      done
    done
    pkill -STOP ${process}`);
  const times = output.trim().split("\n").map((line) => line.split(" "));
  const median = (wanted: Size) =>
    quantile(times.flatMap(([size, time]) => size === wanted ? [Number(time) / 1000] : []), 0.5);
  return { small: median("small"), whole: median("whole"), part: median("part") };
}

/** A part of a shape: as many peers, or allowed IPs of a single one. */
function divided({ peers, allowedIps }: Shape, by: number): Shape {
  return peers > 1
    ? { peers: Math.ceil(peers / by), allowedIps }
    : { peers, allowedIps: Math.ceil(allowedIps / by) };
}

async function writeFiles({ host }: Side, shape: Shape): Promise<void> {
  for (const [size, of] of Object.entries(SIZES)) {
    const directory = `/run/${size}`, sized = of(shape);
    await host.sh(`mkdir -p ${directory}; : >${directory}/none.conf`);
    await host.writeFile(`${directory}/all.conf`, largeConfig(sized, ...KEYS));
    await host.writeFile(`${directory}/half.conf`, largeConfig(divided(sized, 2), ...KEYS));
    await host.writeFile(`${directory}/arguments`, largeArguments(sized));
  }
}

async function report(wgts: Side, peer: Side, runs: number): Promise<void> {
  const asked = Object.entries(OPERATIONS).filter(([name]) =>
    name.includes(option("operation", ""))
  );
  console.log(`Milliseconds, medians of ${runs}; in brackets how much of it is start-up`);
  for (const [name, shape] of Object.entries(SHAPES)) {
    if (!name.includes(option("shape", ""))) continue;
    await writeFiles(wgts, shape);
    await writeFiles(peer, shape);
    console.log(
      `\n${name.padEnd(32)}${"wgts".padStart(17)}${"wg".padStart(17)}   ratio  bare ratio  growth`,
    );
    const fits = shape.allowedIps <= MOST_IPS_OF_ARGUMENT;
    for (const [title, operation] of asked) {
      if (!fits && title.startsWith("set,")) continue;
      const ours = await measure(wgts, operation, runs);
      const theirs = await measure(peer, operation, runs);
      const growth = bare(ours) / (ours.part - ours.small) / GROWTH;
      console.log(
        `  ${title.padEnd(30)}${times(ours)}${times(theirs)}` +
          (ours.whole / theirs.whole).toFixed(2).padStart(8) +
          (bare(ours) / bare(theirs)).toFixed(2).padStart(12) + growth.toFixed(2).padStart(8),
      );
    }
  }
}

/** Without start-up. */
function bare({ whole, small }: Medians): number {
  return whole - small;
}

function times({ whole, small }: Medians): string {
  return `${whole.toFixed(1).padStart(9)}${`(${small.toFixed(1)})`.padStart(8)}`;
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
