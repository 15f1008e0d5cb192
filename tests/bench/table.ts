/** The results as text. */
import type { Bar } from "./bars.ts";
import { METRICS } from "./metrics.ts";
import type { Results, Summaries } from "./results.ts";
import type { Summary } from "./statistics.ts";

/** Implementations that ratios are told to. */
const DEBIAN = "wireguard-go-debian";

/** A table with a row for each figure and a column for each implementation: median and spread. */
export function formatFigures(results: Results): string {
  const summaries = results.summarize();
  const ids = results.implementations.map(({ id }) => id);
  const rows = METRICS.flatMap((metric) => {
    const cells = ids.map((id) => formatSummary(summaries[id]?.[metric.id]));
    return cells.every((cell) => cell === "") ? [] : [[metric.title, metric.unit, ...cells]];
  });
  return formatColumns([["", "", ...ids], ...rows]);
}

/** The same as ratios of medians: to Debian's wireguard-go, and to the best userspace peer. */
export function formatRatios(results: Results): string {
  const summaries = results.summarize();
  const ids = results.implementations.map(({ id }) => id);
  const peers = results.implementations.filter(({ kind }) => kind === "userspace");
  const rows = METRICS.flatMap(({ id: metric, title, better }) => {
    const medians = peers.flatMap(({ id }) => summaries[id]?.[metric]?.median ?? []);
    if (medians.length === 0) return [];
    const best = better === "more" ? Math.max(...medians) : Math.min(...medians);
    const debian = summaries[DEBIAN]?.[metric]?.median;
    return [[
      title,
      ...ids.map((id) => {
        const own = summaries[id]?.[metric]?.median;
        return own === undefined ? "" : `${ratio(own, debian)} | ${ratio(own, best)}`;
      }),
    ]];
  });
  return formatColumns([["× Debian's | × best peer", ...ids], ...rows]);
}

/** What is required, and whether it is met. */
export function formatBars(bars: readonly Bar[]): string {
  const verdict = (met: boolean | null) => met === null ? "?" : met ? "met" : "NOT MET";
  const rows = bars.map((bar) => [
    bar.title,
    bar.against ?? "",
    bar.required,
    bar.value === null ? "not measured" : formatNumber(bar.value),
    verdict(bar.met),
    bar.goal === null ? "" : `goal ${bar.goal}: ${verdict(bar.goalMet)}`,
  ]);
  return formatColumns([["", "against", "required", "value", "", ""], ...rows]);
}

/** How large the spread is: the median and the most of (max − min) / median over all figures. */
export function formatNoise(results: Results, summaries: Summaries = results.summarize()): string {
  const noisy = results.runs.filter((run) => run.noisy).length;
  const spreads = Object.values(summaries).flatMap((summary) => {
    const tcp = summary["tcp_v4_1_forward"];
    return tcp === undefined || tcp.count < 2 ? [] : [(tcp.max - tcp.min) / tcp.median];
  }).sort((a, b) => a - b);
  const spread = spreads.length === 0
    ? ""
    : ` The spread (max − min) of TCP ×1 is ${
      percent(spreads[spreads.length >> 1] ?? NaN)
    } of the ` +
      `median in the middle, ${percent(spreads.at(-1) ?? NaN)} at most.`;
  return `${results.runs.length} runs, ${noisy} of them while the machine was busy.${spread}`;
}

/** Three significant digits, and no more than that. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(3, Math.max(0, 2 - magnitude)));
}

function formatSummary(summary: Summary | undefined): string {
  if (summary === undefined) return "";
  const { median, min, max, count } = summary;
  const middle = formatNumber(median);
  return count < 2 ? middle : `${middle} (${formatNumber(min)}–${formatNumber(max)})`;
}

function ratio(own: number, other: number | undefined): string {
  return other === undefined ? "–" : formatNumber(own / other);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Columns of text, the first one flush left, the others flush right. */
function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  ).join("\n") + "\n";
}
