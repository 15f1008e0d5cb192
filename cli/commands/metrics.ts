import { formatMetrics } from "../../core/status/metrics.ts";
import { printError, writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { readReport } from "../system/status_report.ts";

/** `wgts metrics`: the metrics of all interfaces for Prometheus; printed, or served by `--listen`. */
export async function main(args: string[]): Promise<number> {
  const address = parseArguments(args);
  if (address !== null) {
    const { parseListenAddress } = await import("../listen_address.ts");
    const { serveMetrics } = await import("../metrics_server.ts");
    const parsed = parseListenAddress(address);
    if (parsed !== null) return await serveMetrics(parsed);
    throw new UsageError(
      `wgts: cannot listen at ${address}: expected ADDRESS:PORT, PORT or unix:PATH`,
    );
  }
  const { report, problems } = await readReport([], 0);
  writeStdout(formatMetrics(report, problems.length));
  for (const problem of problems) printError(`wgts: ${problem}`);
  return problems.length > 0 ? 1 : 0;
}

/** The address to listen at; null for none. */
function parseArguments(args: readonly string[]): string | null {
  const [first, ...rest] = args;
  if (first === undefined) return null;
  if (first.startsWith("--listen=") && rest.length === 0) return first.slice("--listen=".length);
  const [address] = rest;
  if (first === "--listen" && address !== undefined && rest.length === 1) return address;
  throw new UsageError();
}
