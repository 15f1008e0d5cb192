/**
 * What an engine occupies in memory: idle, after a load, and for each of many peers. Needs root.
 *
 *     deno run -A tests/bench/footprint.ts [--programs=DIRECTORY] [--packets=N] [--peers=N,...]
 */
import { attempt } from "../netns/harness/command.ts";
import {
  Footprint,
  type PeerState,
  type Resident,
  residentMemory,
} from "../netns/harness/footprint.ts";
import { pause } from "../netns/harness/wait.ts";
import { Programs } from "./programs.ts";

const STATES: readonly PeerState[] = ["configured", "initiating", "in session"];
const SETTLE_MS = 1500;

const option = (name: string, otherwise: string): string =>
  Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ??
    otherwise;

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1).padStart(7);

function print(what: string, { total, anonymous }: Resident): void {
  console.log(`${what.padEnd(44)}${megabytes(total)}${megabytes(anonymous)}`);
}

function difference(a: Resident, b: Resident): Resident {
  return { total: a.total - b.total, anonymous: a.anonymous - b.anonymous };
}

async function emptyProgram(program: string): Promise<Resident> {
  // The file that it creates when its worker runs.
  const child = new Deno.Command(program, { args: ["/dev/null"] }).spawn();
  try {
    await pause(SETTLE_MS);
    return await residentMemory(child.pid);
  } finally {
    child.kill();
    await child.status;
  }
}

async function main(): Promise<void> {
  const given = option("programs", "");
  const directory = given || await Deno.makeTempDir({ prefix: "wgts-bench-" });
  try {
    const programs = new Programs(directory);
    await programs.compile("wgts");
    await programs.compile("empty");
    const wgts = [programs.path("wgts")];
    const packets = Number(option("packets", "1000000"));
    const counts = option("peers", "1000,10000").split(",").map(Number);
    console.log(
      `${(await attempt([...wgts, "version"])).stdout.trim()}, in MB of 10^6 bytes`,
    );
    console.log(`${"".padEnd(44)}${"RSS".padStart(7)}${"anon".padStart(7)}`);
    const empty = await emptyProgram(programs.path("empty"));
    print("an empty program with one worker", empty);
    {
      await using footprint = await Footprint.create(wgts);
      const idle = await footprint.memory();
      print("an engine without peers", idle);
      print("... above the empty program", difference(idle, empty));
      await footprint.sendSmallPackets(wgts, packets);
      const after = await footprint.memory();
      print(`after ${packets} packets of 50 bytes`, after);
      print("... above the empty program", difference(after, empty));
    }
    for (const state of STATES) {
      for (const count of counts) {
        await using footprint = await Footprint.create(wgts);
        const before = await footprint.memory();
        await footprint.addPeers(count, state);
        const { total, anonymous } = difference(await footprint.memory(), before);
        const scale = 1000 / count;
        print(`1000 of ${count} peers ${state}`, {
          total: total * scale,
          anonymous: anonymous * scale,
        });
      }
    }
  } finally {
    if (given === "") await Deno.remove(directory, { recursive: true });
  }
}

await main();
