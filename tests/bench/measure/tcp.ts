import { TCP_CASES, type TcpCase } from "../metrics.ts";
import type { MeasureContext, Values } from "./context.ts";
import { transfer } from "./iperf3.ts";

/** Rates of TCP, and what the first transfer cost. */
export async function measureTcp(context: MeasureContext): Promise<Values> {
  const values: Record<string, number> = {};
  const [first] = TCP_CASES;
  for (const tcp of TCP_CASES.filter((tcp) => !context.options.quick || isQuick(tcp))) {
    const { bytes, seconds, cost } = await transfer(context, [
      ...["--parallel", String(tcp.streams)],
      ...(tcp.direction === "reverse" ? ["--reverse"] : []),
    ], tcp.family);
    values[tcp.id] = bytes * 8 / seconds / 1e9;
    if (tcp !== first) continue;
    const gigabytes = bytes / 1e9;
    values.cpu_sender = cost.left / gigabytes;
    values.cpu_receiver = cost.right / gigabytes;
    values.cpu_engines = (cost.left + cost.right) / gigabytes;
    values.cpu_system = cost.machine / gigabytes;
  }
  return values;
}

function isQuick({ family, direction }: TcpCase): boolean {
  return family === 4 && direction === "forward";
}
