/** Findings as text for people, and as JSON for programs. */

import type { ConfigLine } from "../config/document.ts";
import type { Style } from "../show/style.ts";
import { type Charset, printable } from "../terminal_text.ts";
import type { Finding, Severity } from "./finding.ts";
import { frameOf } from "./frame.ts";
import type { LintResult } from "./lint.ts";
import { maskLine } from "./masked_line.ts";

/** How a report looks. */
export interface ReportOptions {
  /** Colours, or none. */
  readonly style: Style;
  /** What the terminal can show. */
  readonly charset: Charset;
}

/** How many findings there are of each severity. */
export type FindingCounts = Readonly<Record<Severity, number>>;

/** Counts the findings of all `results`. */
export function countFindings(results: readonly LintResult[]): FindingCounts {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { findings } of results) for (const { severity } of findings) counts[severity]++;
  return counts;
}

/**
 * The findings of all `results`, each as `FILE:LINE:COLUMN: SEVERITY: MESSAGE [CODE]`, the line with its
 * part underlined, and what was expected; then their number. "" when there are none.
 */
export function formatFindings(results: readonly LintResult[], options: ReportOptions): string {
  const blocks = results.flatMap((result) =>
    result.findings.map((finding) => formatFinding(result, finding, options))
  );
  if (blocks.length === 0) return "";
  const { error, warning, info } = countFindings(results);
  const numbers = [[error, "error"], [warning, "warning"], [info, "info"]] as const;
  const counts = numbers.filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}${count === 1 || what === "info" ? "" : "s"}`);
  return `${blocks.join("\n")}\n${counts.join(", ")}\n`;
}

function formatFinding(
  { document: { file, lines } }: LintResult,
  { code, severity, span, message, help }: Finding,
  { style, charset }: ReportOptions,
): string {
  const paint = { error: style.red, warning: style.yellow, info: style.cyan }[severity];
  const line = lines[span.line - 1];
  const place = line === undefined ? file : `${file}:${span.line}:${columnOf(line, span.start)}`;
  const say = (text: string) => printable(text, charset);
  const head = `${style.bold(say(place))}: ${paint(severity)}: ${say(message)} [${code}]\n`;
  const gutter = " ".repeat(Math.max(4, String(span.line).length));
  const advice = help === "" ? "" : `${gutter} = ${say(help)}\n`;
  if (line === undefined) return head + advice;
  const { source, indent, underline } = frameOf(maskLine(line), span, charset);
  const number = String(span.line).padStart(gutter.length);
  return `${head}${number} | ${source}\n${gutter} | ${indent}${paint(underline)}\n${advice}`;
}

/** The column of a place in a line, in characters (code points) from 1. */
function columnOf({ text }: ConfigLine, at: number): number {
  return [...text.slice(0, at)].length + 1;
}

/** The version of the form of {@linkcode formatFindingsJson}; another one when what is there changes. */
const JSON_VERSION = 1;

/**
 * The same for programs: `version`, the number of `errors`, `warnings` and `infos`, and `files` with the
 * `file` and its `findings`: `code`, `severity`, `message`, `help`, and `line`, `column` and `endColumn`,
 * in characters from 1, the last one behind the part; null for the file as a whole.
 */
export function formatFindingsJson(results: readonly LintResult[]): string {
  const { error, warning, info } = countFindings(results);
  const files = results.map(({ document: { file, lines }, findings }) => ({
    file,
    findings: findings.map(({ code, severity, span, message, help }) => {
      const line = lines[span.line - 1];
      const place = line === undefined ? { line: null, column: null, endColumn: null } : {
        line: span.line,
        column: columnOf(line, span.start),
        endColumn: columnOf(line, span.end),
      };
      return { code, severity, message, help, ...place };
    }),
  }));
  const report = { version: JSON_VERSION, errors: error, warnings: warning, infos: info, files };
  return JSON.stringify(report, null, 2) + "\n";
}
