/**
 * wgts as `wg` on an interface of its own, against Debian's `wg` on one of wireguard-go, for interfaces
 * larger than anybody's. Needs root.
 *
 *     deno run -A tests/bench/wg.ts [--programs=DIRECTORY] [--runs=N]
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

/** What is measured; each begins with an interface that has the config. */
const OPERATIONS: Readonly<Record<string, { prepare: string; command: string }>> = {
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
const START_UP = { prepare: "none", command: "wg show wg0" };

const option = (name: string, otherwise: string): string =>
  Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ??
    otherwise;

/** A program with an interface. */
interface Side extends AsyncDisposable {
  readonly host: Host;
}

async function createSide(name: string, wg: string, serve: string): Promise<Side> {
  const host = await Host.create(name);
  await host.sh(`mkdir /run/bin; ln -s ${wg} /run/bin/wg; : >/run/none.conf; ${serve}`);
  await waitFor("the interface", () => host.sh("/usr/bin/wg show wg0 dump"));
  return { host, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

/** Milliseconds that the command takes on an interface that was prepared before each time. */
async function measure(
  { host }: Side,
  { prepare, command }: typeof START_UP,
  runs: number,
): Promise<number[]> {
  const output = await host.sh(`PATH=/run/bin:$PATH
    for run in $(seq ${runs}); do
      /usr/bin/wg setconf wg0 /run/${prepare}.conf
      begin=$EPOCHREALTIME
      ${command} >/run/output
      end=$EPOCHREALTIME
      echo $((\${end/./} - \${begin/./}))
    done`);
  return output.trim().split("\n").map((microseconds) => Number(microseconds) / 1000);
}

async function writeFiles({ host }: Side, shape: Shape): Promise<void> {
  const halved = shape.peers > 1
    ? { ...shape, peers: shape.peers / 2 }
    : { ...shape, allowedIps: shape.allowedIps / 2 };
  await host.writeFile("/run/all.conf", largeConfig(shape, ...KEYS));
  await host.writeFile("/run/half.conf", largeConfig(halved, ...KEYS));
  await host.writeFile("/run/arguments", largeArguments(shape));
}

async function main(): Promise<void> {
  const given = option("programs", "");
  const directory = given || await Deno.makeTempDir({ prefix: "wgts-bench-" });
  try {
    const programs = new Programs(directory);
    await programs.compile("wgts");
    const program = programs.path("wgts");
    await using wgts = await createSide("wgts", program, `${program} run wg0`);
    await using peer = await createSide("peer", "/usr/bin/wg", "wireguard-go wg0");
    const runs = Number(option("runs", String(DEFAULT_RUNS)));
    const median = async (side: Side, what: typeof START_UP) =>
      quantile(await measure(side, what, runs), 0.5);
    const start = { ours: await median(wgts, START_UP), theirs: await median(peer, START_UP) };
    const ms = (value: number) => value.toFixed(1).padStart(9);
    console.log(
      `Milliseconds, medians of ${runs}; of them, starting the program takes ` +
        `${start.ours.toFixed(1)} (wgts) and ${start.theirs.toFixed(1)} (wg)`,
    );
    for (const [name, shape] of Object.entries(SHAPES)) {
      console.log(`\n${name.padEnd(32)}     wgts       wg    ratio  without start`);
      for (const side of [wgts, peer]) await writeFiles(side, shape);
      for (const [operation, what] of Object.entries(OPERATIONS)) {
        if (/^set,/.test(operation) && shape.allowedIps > MOST_IPS_OF_ARGUMENT) continue;
        const ours = await median(wgts, what), theirs = await median(peer, what);
        const bare = (ours - start.ours) / (theirs - start.theirs);
        console.log(
          `  ${operation.padEnd(30)}${ms(ours)}${ms(theirs)}${
            (ours / theirs).toFixed(2).padStart(9)
          }` +
            bare.toFixed(2).padStart(15),
        );
      }
    }
  } finally {
    if (given === "") await Deno.remove(directory, { recursive: true });
  }
}

await main();
