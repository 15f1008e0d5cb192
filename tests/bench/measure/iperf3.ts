import { parseIperf3, type Transfer } from "../iperf3.ts";
import { pause, waitFor } from "../../netns/harness/wait.ts";
import { readMachineCpu, readProcessCpu } from "../proc.ts";
import type { End, Tunnel } from "../tunnel.ts";
import type { MeasureContext } from "./context.ts";

const PORT = 5201;
/** What iperf3 needs beyond the transfer's own time: a slow tunnel drains slowly. */
const EXTRA_MS = 15_000;
const ATTEMPTS = 4;
const BETWEEN_ATTEMPTS_MS = 300;

/** What a transfer cost in CPU seconds. */
export interface TransferCost {
  /** Of the engine on the left side, which calls; NaN without one. */
  readonly left: number;
  /** Of the engine on the right side; NaN without one. */
  readonly right: number;
  /** Of the whole machine. */
  readonly machine: number;
}

/** A transfer with its cost. */
export type CostlyTransfer = Transfer & { readonly cost: TransferCost };

/** Starts the server that transfers go to; it ends with its host. */
export async function startIperf3({ tunnel }: MeasureContext): Promise<void> {
  const { host } = tunnel.right;
  await host.start(["iperf3", "--server", "--port", String(PORT)]);
  await waitFor("iperf3", async () => {
    return (await host.sh(`ss -Htln "sport = :${PORT}"`)) !== "";
  }, { interval: 10 });
}

/** A transfer of one second: after that code is compiled and memory is allocated. */
export async function warmUp(context: MeasureContext): Promise<void> {
  await transfer({ ...context, options: { ...context.options, seconds: 1 } }, []);
}

/** Runs one test with further `options` of iperf3. */
export async function transfer(
  context: MeasureContext,
  options: readonly string[],
  family: 4 | 6 = 4,
): Promise<CostlyTransfer> {
  for (let attempts = 1;; attempts++) {
    try {
      return await attemptTransfer(context, options, family);
    } catch (error) {
      // The server may still be busy with the test before, when its end was lost in a full tunnel.
      if (attempts === ATTEMPTS) throw error;
      await pause(BETWEEN_ATTEMPTS_MS);
    }
  }
}

async function attemptTransfer(
  { tunnel, options: { seconds } }: MeasureContext,
  options: readonly string[],
  family: 4 | 6,
): Promise<CostlyTransfer> {
  const before = await readCpu(tunnel);
  const { stdout } = await tunnel.left.host.try(
    ["iperf3", "--json", "--client", tunnel.address[family], "--port", String(PORT)]
      .concat(["--time", String(seconds), ...options]),
    { timeout: seconds * 1000 + EXTRA_MS },
  );
  const after = await readCpu(tunnel);
  const cost = {
    left: after.left - before.left,
    right: after.right - before.right,
    machine: after.machine - before.machine,
  };
  return { ...parseIperf3(stdout), cost };
}

async function readCpu({ left, right }: Tunnel): Promise<TransferCost> {
  const ofEngine = ({ engine }: End) => engine === null ? NaN : readProcessCpu(engine);
  return {
    left: await ofEngine(left),
    right: await ofEngine(right),
    machine: (await readMachineCpu()).busy,
  };
}
