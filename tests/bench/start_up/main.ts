/**
 * How long the quick commands take from start to end, as multiples of an empty program that is run the
 * same way: compiled, and by `deno run`. Each way, all take turns, so that a slower minute of the machine
 * is one for all of them; a round is one call of hyperfine for each, and gives one ratio for each.
 *
 *   deno task bench:startup [--rounds=12] [--runs=8]
 *
 * Needs root, for the interface that `show` and `set` are for, and hyperfine.
 */
import { attempt, run } from "../../netns/harness/command.ts";
import { Host } from "../../netns/harness/host.ts";
import { pathOf } from "../../netns/harness/paths.ts";
import { compile, compilePlain } from "../../netns/build.ts";
import { summarize } from "../statistics.ts";

/** The most that a command may take, as a multiple of the empty program. */
const BAR = 1.3;
/** Of the host, with one interface and a peer. */
const DEVICE = "wgs0";
const COMMANDS: readonly (readonly string[])[] = [
  ["genkey"],
  ["pubkey"],
  ["show"],
  ["show", DEVICE, "transfer"],
  ["set", DEVICE, "listen-port", "51820"],
];

/** A way to run a program. */
interface Way {
  readonly name: string;
  readonly empty: readonly string[];
  readonly wgts: readonly string[];
}

async function main(): Promise<number> {
  const options = new Map(Deno.args.map((argument) => {
    const [name = "", value = ""] = argument.split("=");
    return [name, Number(value)];
  }));
  const rounds = options.get("--rounds") ?? 12, runs = options.get("--runs") ?? 8;
  if ((await attempt(["sh", "-c", "command -v hyperfine wg"])).code !== 0) {
    console.error("Please install what this needs: apt-get install hyperfine wireguard-tools");
    return 1;
  }
  const directory = await Deno.makeTempDir({ prefix: "wgts-startup-" });
  try {
    const ways = await prepare(directory);
    if (ways === null) return 1;
    await using host = await Host.create("startup");
    const key = `${directory}/key`;
    await Deno.writeTextFile(key, await run(["wg", "genkey"]), { mode: 0o600 });
    await host.sh(`${ways[0]?.wgts.join(" ")} run ${DEVICE}
      wg set ${DEVICE} private-key ${key} peer "$(wg genkey | wg pubkey)" allowed-ips 10.1.0.0/16`);
    let slow = false;
    for (const way of ways) {
      for (
        const { command, milliseconds, ratios } of await measure(way, host, directory, {
          rounds,
          runs,
        })
      ) {
        const ratio = summarize(ratios);
        const time = summarize(milliseconds);
        if (ratio === null || time === null) throw new Error("no rounds");
        slow ||= ratio.median > BAR;
        const words = [way.name.padEnd(10), command.padEnd(32), `${time.median.toFixed(1)} ms`];
        const spread = `${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)}`;
        console.log(`${words.join(" ")}  ${ratio.median.toFixed(2)} x empty (${spread})`);
      }
    }
    console.log(
      slow ? `Some take more than ${BAR} x empty.` : `None takes more than ${BAR} x empty.`,
    );
    return slow ? 1 : 0;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function prepare(directory: string): Promise<Way[] | null> {
  const empty = "tests/bench/start_up/empty.ts";
  if (!await compile(`${directory}/wgts`) || !await compilePlain(`${directory}/empty`, empty)) {
    return null;
  }
  const runtime = [Deno.execPath(), "run", "-A", "--quiet"];
  return [
    { name: "compiled", empty: [`${directory}/empty`], wgts: [`${directory}/wgts`] },
    {
      name: "deno run",
      empty: [...runtime, pathOf("../../bench/start_up/empty.ts")],
      wgts: [...runtime, pathOf("../../../cli/main.ts")],
    },
  ];
}

interface Result {
  readonly command: string;
  readonly milliseconds: number[];
  readonly ratios: number[];
}

async function measure(
  way: Way,
  host: Host,
  directory: string,
  { rounds, runs }: { rounds: number; runs: number },
): Promise<Result[]> {
  const results: Result[] = COMMANDS.map((command) => ({
    command: command.join(" "),
    milliseconds: [],
    ratios: [],
  }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, command] of COMMANDS.entries()) {
      // By a shell for the sake of pubkey's input, which hyperfine 1.15 of Debian 12 can't give.
      const commands = [way.empty, [...way.wgts, ...command]].map((words) =>
        `sh -c 'exec ${words.join(" ")} <${directory}/key'`
      );
      // Which is first changes, for the first may find the machine in another state.
      if (round % 2 === 1) commands.reverse();
      const json = `${directory}/round.json`;
      await host.run(
        ["hyperfine", "-N", "--warmup=1", `--runs=${runs}`]
          .concat(["--style=none", `--export-json=${json}`, ...commands]),
      );
      const { results: measured } = JSON.parse(await Deno.readTextFile(json)) as {
        results: { median: number }[];
      };
      if (round % 2 === 1) measured.reverse();
      const [empty = NaN, ours = NaN] = measured.map(({ median }) => median);
      results[i]?.milliseconds.push(ours * 1000);
      results[i]?.ratios.push(ours / empty);
    }
  }
  return results;
}

Deno.exit(await main());
