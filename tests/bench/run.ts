/** Measures one implementation once. */
import type { Implementation } from "./implementation.ts";
import type { MeasureContext, Values } from "./measure/context.ts";
import { measureProgram } from "./measure/empty_program.ts";
import { measureResponder } from "./measure/handshake.ts";
import { measureIdle } from "./measure/idle.ts";
import { startIperf3, warmUp } from "./measure/iperf3.ts";
import { measureMemory } from "./measure/memory.ts";
import { measureFirstPings, measurePing } from "./measure/ping.ts";
import { measureTcp } from "./measure/tcp.ts";
import { measureUdp } from "./measure/udp.ts";
import type { MeasureGroup } from "./metrics.ts";
import type { Options } from "./options.ts";
import { Tunnel } from "./tunnel.ts";

/** What a run gave. */
export interface Outcome {
  readonly values: Values;
  /** What failed, each with its group; the rest is in `values`. */
  readonly errors: readonly string[];
}

/**
 * Brings a tunnel up, measures what the options ask for, and takes the tunnel down; null when
 * `interrupted` resolved before the end.
 */
export async function measure(
  implementation: Implementation,
  options: Options,
  interrupted: Promise<void>,
): Promise<Outcome | null> {
  if (implementation.program) {
    const wanted = options.measure.includes("memory");
    return { values: wanted ? await measureProgram(implementation.program) : {}, errors: [] };
  }
  await using tunnel = await Tunnel.create(implementation);
  // What is still being measured fails when the tunnel goes down, and nobody looks at it.
  return await Promise.race([
    measureTunnel({ implementation, tunnel, options }, options.measure),
    interrupted.then(() => null),
  ]);
}

async function measureTunnel(
  context: MeasureContext,
  measures: readonly MeasureGroup[],
): Promise<Outcome> {
  const { implementation, tunnel } = context;
  const values: Record<string, number> = {};
  const errors: string[] = [];
  const wanted = new Set(
    measures.filter((group) => !implementation.without?.includes(group)),
  );
  const attempt = async (group: MeasureGroup, what: () => Promise<Values>) => {
    if (!wanted.has(group)) return;
    try {
      for (const [id, value] of Object.entries(await what())) {
        if (Number.isFinite(value)) values[id] = value;
      }
    } catch (error) {
      errors.push(`${group}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  await attempt("start", () => Promise.resolve({ first_ping: tunnel.firstPingMs }));
  await attempt("memory", () => measureMemory(context, "idle"));
  await attempt("ping", () => measureFirstPings(context));
  const transfers = (["tcp", "udp", "ping"] as const).find((group) => wanted.has(group));
  if (transfers) {
    await attempt(transfers, async () => {
      await startIperf3(context);
      await warmUp(context);
      return {};
    });
  }
  await attempt("tcp", () => measureTcp(context));
  await attempt("ping", () => measurePing(context));
  await attempt("udp", () => measureUdp(context));
  if (wanted.has("udp")) await attempt("memory", () => measureMemory(context, "load"));
  await attempt("idle", () => measureIdle(context));
  await attempt("handshake", () => measureResponder(context));
  return { values, errors };
}
