import { parsePing } from "../ping_output.ts";
import { quantile } from "../statistics.ts";
import type { MeasureContext, Values } from "./context.ts";
import { pause } from "../../netns/harness/wait.ts";
import { transfer } from "./iperf3.ts";

const INTERVAL_MS = 2;
const FIRST_SECONDS = 0.4;
/** Each batch is a new process, and so a new chance of the scheduler to place everything. */
const IDLE_BATCHES = 4;
const IDLE_BATCH_SECONDS = 0.3;
/** While TCP starts, so that all answers are taken under load. */
const LOAD_STARTS_MS = 200;

/** Round-trip times of the first answers after the start, when no code has been compiled yet. */
export async function measureFirstPings(context: MeasureContext): Promise<Values> {
  const first = await ping(context, FIRST_SECONDS);
  return { ping_first_p50: quantile(first, 0.5), ping_first_p99: quantile(first, 0.99) };
}

/** Round-trip times while nothing else goes on, and while one TCP stream fills the tunnel. */
export async function measurePing(context: MeasureContext): Promise<Values> {
  const idle: number[] = [];
  for (let batch = 0; batch < IDLE_BATCHES; batch++) {
    idle.push(...await ping(context, IDLE_BATCH_SECONDS));
  }
  const [, loaded] = await Promise.all([
    transfer(context, []),
    pause(LOAD_STARTS_MS).then(() => ping(context, context.options.seconds - 0.3)),
  ]);
  return {
    ping_p50: quantile(idle, 0.5),
    ping_p99: quantile(idle, 0.99),
    ping_load_p50: quantile(loaded, 0.5),
    ping_load_p99: quantile(loaded, 0.99),
  };
}

/** Microseconds of each answer. */
async function ping({ tunnel }: MeasureContext, seconds: number): Promise<number[]> {
  const count = Math.max(1, Math.round(seconds * 1000 / INTERVAL_MS));
  const { stdout } = await tunnel.left.host.try(
    ["ping", "-n", "-i", String(INTERVAL_MS / 1000), "-c", String(count), "-W", "2"]
      .concat(tunnel.address[4]),
    { timeout: seconds * 10_000 + 10_000 },
  );
  return parsePing(stdout).map((milliseconds) => milliseconds * 1000);
}
