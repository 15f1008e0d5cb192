/**
 * How long `wgts up` and `wgts down` take with 1 to 10,000 routes, against Debian's `wg-quick` with
 * wireguard-go and the same config. They take turns, so that a slower minute of the machine is one for both.
 * Needs root.
 *
 *     deno task bench:up [--programs=DIRECTORY] [--rounds=N] [--output=FILE]
 *
 * The file holds what was measured, in milliseconds, and what follows from it:
 *
 * ```json
 * { "format": "wgts-bench-up/1", "machine": { "processor": "…", "processors": 2 },
 *   "runs": [{ "program": "wgts", "routes": 1, "round": 1, "up": 250.1, "down": 120.4 }],
 *   "bars": [{ "title": "…", "required": "<= 4", "value": 3.1, "met": true }] }
 * ```
 */
import { Host } from "../netns/harness/host.ts";
import { Programs } from "./programs.ts";
import { describeMachine } from "./results.ts";
import { summarize, type Summary } from "./statistics.ts";

type ProgramName = "wgts" | "wg-quick";

/** One `up` and the `down` after it, in milliseconds. */
interface Run {
  readonly program: ProgramName;
  readonly routes: number;
  readonly round: number;
  readonly up: number;
  readonly down: number;
}

/** What is measured with so many routes. */
interface Size {
  readonly routes: number;
  /** How often, for each round asked for: `wg-quick` takes long for many routes. */
  readonly rounds: Record<ProgramName, number>;
}

const DEFAULT_ROUNDS = 5;
const SIZES: readonly Size[] = [
  { routes: 1, rounds: { wgts: 3, "wg-quick": 3 } },
  { routes: 100, rounds: { wgts: 1, "wg-quick": 1 } },
  { routes: 1000, rounds: { wgts: 1, "wg-quick": 0.2 } },
  { routes: 10_000, rounds: { wgts: 1, "wg-quick": 0 } },
];
/** The most and the least that is required. */
const MOST_AT_1 = 4, LEAST_AT_100 = 2.5, LEAST_AT_1000 = 20, MOST_MS_AT_10_000 = 2000;

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

const option = (name: string, otherwise: string): string =>
  Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ??
    otherwise;

function config(routes: number): string {
  const allowed = Array.from({ length: routes }, (_, i) => `100.${i >> 8}.${i & 255}.0/24`);
  return `[Interface]
PrivateKey = ${KEY}
Address = 10.88.0.1/32
[Peer]
PublicKey = ${PEER}
Endpoint = 10.77.0.2:51820
AllowedIPs = ${allowed.join(", ")}
`;
}

/** A host with an uplink, in which `quick` is one of the programs. */
async function createHost(name: string, quick: string): Promise<Host> {
  const host = await Host.create(name);
  await host.sh(`mkdir -p /run/bin
    ln -s '${quick}' /run/bin/quick
    ip link add eth0 type veth peer name far0
    ip link set far0 up
    ip link set eth0 up
    ip address add 10.77.0.1/24 dev eth0
    ip route add default via 10.77.0.2`);
  for (const { routes } of SIZES) {
    await host.writeFile(`/etc/wireguard/wg${routes}.conf`, config(routes));
  }
  return host;
}

/** Milliseconds of `up` and `down`; fails unless `up` added all routes. */
async function measure(host: Host, routes: number): Promise<{ up: number; down: number }> {
  const name = `wg${routes}`;
  const output = await host.sh(
    `export WGTS_BACKEND=userspace
    began=$EPOCHREALTIME
    /run/bin/quick up ${name} >/run/output 2>&1 || { cat /run/output >&2; exit 1; }
    ended=$EPOCHREALTIME
    test "$(ip route show dev ${name} | wc -l)" = ${routes}
    echo $((\${ended/./} - \${began/./}))
    began=$EPOCHREALTIME
    /run/bin/quick down ${name} >/run/output 2>&1 || { cat /run/output >&2; exit 1; }
    ended=$EPOCHREALTIME
    echo $((\${ended/./} - \${began/./}))
    # wireguard-go takes a moment to end.
    until test ! -e /run/wireguard/${name}.sock; do sleep 0.01; done`,
  );
  const [up = NaN, down = NaN] = output.trim().split("\n").map((line) => Number(line) / 1000);
  return { up, down };
}

async function measureAll(hosts: Record<ProgramName, Host>, rounds: number): Promise<Run[]> {
  const runs: Run[] = [];
  for (const { routes, rounds: share } of SIZES) {
    for (let round = 1; round <= Math.ceil(rounds * share.wgts); round++) {
      const programs: ProgramName[] = ["wgts", "wg-quick"];
      // Which is first changes, for the first may find the machine in another state.
      if (round % 2 === 0) programs.reverse();
      for (const program of programs) {
        if (round > Math.ceil(rounds * share[program])) continue;
        runs.push({ program, routes, round, ...await measure(hosts[program], routes) });
      }
    }
  }
  return runs;
}

/** A verdict on what wgts must reach. */
interface Bar {
  readonly title: string;
  readonly required: string;
  readonly value: number;
  readonly met: boolean;
}

function summaryOf(runs: readonly Run[], program: ProgramName, routes: number): Summary | null {
  return summarize(
    runs.filter((run) => run.program === program && run.routes === routes).map(({ up }) => up),
  );
}

function judge(runs: readonly Run[]): Bar[] {
  const up = (program: ProgramName, routes: number) =>
    summaryOf(runs, program, routes)?.median ?? NaN;
  const ratio = (routes: number) => up("wgts", routes) / up("wg-quick", routes);
  const atMost = (title: string, value: number, limit: number): Bar => ({
    title,
    required: `<= ${limit}`,
    value,
    met: value <= limit,
  });
  const atLeast = (title: string, value: number, limit: number): Bar => ({
    title,
    required: `>= ${limit}`,
    value,
    met: value >= limit,
  });
  return [
    atMost("up with 1 route, as a multiple of wg-quick's", ratio(1), MOST_AT_1),
    atLeast("up with 100 routes, times faster than wg-quick", 1 / ratio(100), LEAST_AT_100),
    atLeast("up with 1,000 routes, times faster than wg-quick", 1 / ratio(1000), LEAST_AT_1000),
    atMost("up with 10,000 routes, milliseconds", up("wgts", 10_000), MOST_MS_AT_10_000),
  ];
}

function report(runs: readonly Run[], bars: readonly Bar[]): void {
  console.log("routes   program    up: median (least to most) in ms     down");
  for (const { routes } of SIZES) {
    for (const program of ["wgts", "wg-quick"] as const) {
      const own = runs.filter((run) => run.program === program && run.routes === routes);
      const up = summarize(own.map(({ up }) => up)), down = summarize(own.map(({ down }) => down));
      if (up === null || down === null) continue;
      const times = `${up.median.toFixed(0)} (${up.min.toFixed(0)} to ${up.max.toFixed(0)})`;
      console.log(
        `${String(routes).padEnd(9)}${program.padEnd(11)}${times.padEnd(37)}` +
          `${down.median.toFixed(0)} (${down.min.toFixed(0)} to ${down.max.toFixed(0)})`,
      );
    }
  }
  for (const { title, required, value, met } of bars) {
    console.log(`${met ? "met   " : "MISSED"} ${title}: ${value.toPrecision(3)} (${required})`);
  }
}

async function main(): Promise<number> {
  const given = option("programs", "");
  const directory = given || await Deno.makeTempDir({ prefix: "wgts-bench-" });
  try {
    const programs = new Programs(directory);
    await programs.compile("wgts");
    await using wgts = await createHost("wgts", programs.path("wgts"));
    await using wgQuick = await createHost("wg-quick", "/usr/bin/wg-quick");
    const hosts = { wgts, "wg-quick": wgQuick };
    const runs = await measureAll(hosts, Number(option("rounds", String(DEFAULT_ROUNDS))));
    const bars = judge(runs);
    report(runs, bars);
    const output = option("output", "");
    if (output !== "") {
      const machine = await describeMachine();
      const rounded = (_key: string, value: unknown) =>
        typeof value === "number" ? Number(value.toPrecision(5)) : value;
      const content = { format: "wgts-bench-up/1", machine, runs, bars };
      await Deno.writeTextFile(output, JSON.stringify(content, rounded, 2) + "\n");
    }
    return bars.every(({ met }) => met) ? 0 : 1;
  } finally {
    if (given === "") await Deno.remove(directory, { recursive: true });
  }
}

Deno.exit(await main());
