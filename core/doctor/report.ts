/** The findings of `wgts doctor` as text for people, and as JSON for programs. */

import type { Style } from "../show/style.ts";
import { type Charset, printable } from "../terminal_text.ts";
import type { DoctorFinding, DoctorStatus } from "./finding.ts";

/** How a report looks. */
export interface DoctorReportOptions {
  /** Colours, or none. */
  readonly style: Style;
  /** What the terminal can show. */
  readonly charset: Charset;
}

/** The widest status and the widest name of a check, with space behind it. */
const STATUS_WIDTH = 8, CHECK_WIDTH = 13;

/** How many findings there are of a status. */
export function countStatus(findings: readonly DoctorFinding[], status: DoctorStatus): number {
  return findings.filter((finding) => finding.status === status).length;
}

/** All findings, each with what it means and what to do; then their number. */
export function formatDoctor(
  findings: readonly DoctorFinding[],
  { style, charset }: DoctorReportOptions,
): string {
  const paints: Readonly<Record<DoctorStatus, (text: string) => string>> = {
    ok: style.green,
    unknown: style.cyan,
    warning: style.yellow,
    problem: style.red,
  };
  const indent = " ".repeat(STATUS_WIDTH + CHECK_WIDTH);
  const lines = findings.flatMap(({ check, status, seen, meaning, advice }) => {
    const head = paints[status](status) + " ".repeat(STATUS_WIDTH - status.length) +
      style.bold(check) + " ".repeat(CHECK_WIDTH - check.length) + printable(seen, charset);
    return [
      head,
      ...(meaning === "" ? [] : [`${indent}means: ${printable(meaning, charset)}`]),
      ...(advice === "" ? [] : [`${indent}do: ${printable(advice, charset)}`]),
    ];
  });
  const counts = ([["problem", "s"], ["warning", "s"], ["unknown", ""], ["ok", ""]] as const)
    .map(([status, plural]) => ({ count: countStatus(findings, status), status, plural }))
    .filter(({ count, status }) => count > 0 || status === "problem")
    .map(({ count, status, plural }) => `${count} ${status}${count === 1 ? "" : plural}`);
  return `${lines.join("\n")}\n\n${counts.join(", ")}\n`;
}

/** The version of the form of {@linkcode formatDoctorJson}. */
const JSON_VERSION = 1;

/** The same for programs; cli/share/doctor.schema.json tells what the fields are. */
export function formatDoctorJson(findings: readonly DoctorFinding[]): string {
  const report = {
    version: JSON_VERSION,
    problems: countStatus(findings, "problem"),
    warnings: countStatus(findings, "warning"),
    unknowns: countStatus(findings, "unknown"),
    findings: findings.map(({ check, status, interfaces, seen, meaning, advice }) => {
      return { check, status, interfaces, seen, meaning, advice };
    }),
  };
  return JSON.stringify(report, null, 2) + "\n";
}
