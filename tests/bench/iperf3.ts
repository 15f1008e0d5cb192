/** What iperf3 reports with `--json`. */

/** What arrived in one test. */
export interface Transfer {
  readonly bytes: number;
  readonly seconds: number;
}

/** The part of iperf3's report that is used. */
interface Report {
  readonly error?: string;
  readonly end?: { readonly sum_received?: { readonly bytes?: number; readonly seconds?: number } };
}

/** What the receiver of a test got, all streams together. Throws Error when the test failed. */
export function parseIperf3(json: string): Transfer {
  const { error, end } = JSON.parse(json) as Report;
  if (error !== undefined) throw new Error(`iperf3: ${error}`);
  const { bytes, seconds } = end?.sum_received ?? {};
  if (typeof bytes !== "number" || typeof seconds !== "number" || seconds <= 0) {
    throw new Error("iperf3: the report doesn't say what was received");
  }
  return { bytes, seconds };
}
