import { UDP_SIZES } from "../metrics.ts";
import type { MeasureContext, Values } from "./context.ts";
import { transfer } from "./iperf3.ts";

/** What arrives when UDP is sent as fast as one process can. */
export async function measureUdp(context: MeasureContext): Promise<Values> {
  const values: Record<string, number> = {};
  for (const size of UDP_SIZES) {
    const options = ["--udp", "--bitrate", "0", "--length", String(size)];
    const { bytes, seconds } = await transfer(context, options);
    const packets = bytes / size;
    values[`udp_${size}`] = size === 64 ? packets / seconds / 1e3 : bytes * 8 / seconds / 1e9;
  }
  return values;
}
