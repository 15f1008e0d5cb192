/** The results as a picture: SVG that is readable on light and on dark backgrounds. */
import { metricById } from "./metrics.ts";
import type { ImplementationDescription, Results, Summaries } from "./results.ts";
import { formatNumber } from "./table.ts";

/** What is drawn, each in a panel. */
const PANELS = [
  { metric: "tcp_v4_1_forward", title: "TCP, one stream" },
  { metric: "cpu_engines", title: "CPU time of both ends" },
  { metric: "udp_64", title: "UDP, 64-byte payload" },
  { metric: "ping_p50", title: "ping, median" },
] as const;

/** Sizes in pixels. */
const WIDTH = 840;
const COLUMNS = 2;
const GAP = 24;
const TITLE = 26;
const ROW = 19;
const BAR = 13;
const NAME_WIDTH = 136;
const VALUE_WIDTH = 52;
const FONT_SIZE = 12;
const PANEL_WIDTH = (WIDTH - GAP * (COLUMNS - 1)) / COLUMNS;
const BAR_WIDTH = PANEL_WIDTH - NAME_WIDTH - VALUE_WIDTH;

const STYLE = `
text { font: ${FONT_SIZE}px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.own { fill: #0969da; }
.peer { fill: #8c959f; }
.spread { stroke: #1f2328; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .own { fill: #4493f8; }
  .peer { fill: #6e7681; }
  .spread { stroke: #e6edf3; }
}`;

/** A bar for each implementation in each panel: the median, and a line from the least to the greatest. */
export function drawChart(results: Results): string {
  const summaries = results.summarize();
  const rows = results.implementations.filter(({ kind }) => kind !== "reference");
  const panelHeight = TITLE + rows.length * ROW;
  const lines = Math.ceil(PANELS.length / COLUMNS);
  const height = lines * panelHeight + (lines - 1) * GAP;
  const panels = PANELS.map((panel, at) => {
    const x = (at % COLUMNS) * (PANEL_WIDTH + GAP);
    const y = Math.floor(at / COLUMNS) * (panelHeight + GAP);
    return `<g transform="translate(${x} ${y})">\n${drawPanel(panel, rows, summaries)}\n</g>`;
  });
  return `<!-- deno-fmt-ignore-file -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `width="${WIDTH}" height="${height}" role="img">
<title>Throughput, CPU time and latency of implementations of WireGuard</title>
<style>${STYLE}
</style>
${panels.join("\n")}
</svg>
`;
}

function drawPanel(
  { metric: id, title }: typeof PANELS[number],
  rows: readonly ImplementationDescription[],
  summaries: Summaries,
): string {
  const { unit, better } = metricById(id);
  const most = Math.max(...rows.map((row) => summaries[row.id]?.[id]?.max ?? 0));
  const scale = most > 0 ? BAR_WIDTH / most : 0;
  const heading = `${title}, ${unit} (${better === "more" ? "more" : "less"} is better)`;
  const bars = rows.flatMap((row, at) => {
    const summary = summaries[row.id]?.[id];
    const y = TITLE + at * ROW;
    const baseline = y + BAR - 2;
    const name = drawText(NAME_WIDTH - 6, baseline, row.id, ` text-anchor="end"`);
    if (summary === undefined) return [name, drawText(NAME_WIDTH, baseline, "–")];
    const { median, min, max } = summary;
    const [length, from, to] = [median, min, max].map((value) => round(value * scale));
    const middle = y + BAR / 2;
    return [
      name,
      `<rect class="${row.kind === "wgts" ? "own" : "peer"}" x="${NAME_WIDTH}" y="${y}" ` +
      `width="${length}" height="${BAR}"/>`,
      `<line class="spread" x1="${NAME_WIDTH + (from ?? 0)}" x2="${NAME_WIDTH + (to ?? 0)}" ` +
      `y1="${middle}" y2="${middle}"/>`,
      drawText(NAME_WIDTH + (to ?? 0) + 5, baseline, formatNumber(median)),
    ];
  });
  return [drawText(0, FONT_SIZE, heading, ` class="title"`), ...bars].join("\n");
}

function drawText(x: number, y: number, text: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes}>${escape(text)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
