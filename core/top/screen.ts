/** `wgts top` as lines of text: a screen of a given size, or all of it. */

import type { Style } from "../show/style.ts";
import { type ColumnContext, interfaceColumns, peerColumns } from "./columns.ts";
import type { TopInterface, TopModel } from "./model.ts";
import { tableLines, type TableOptions } from "./table.ts";
import { type Charset, columnsOf, fit } from "../terminal_text.ts";
import { formatRate } from "./units.ts";
import type { TopView } from "./view.ts";

/** How and when it is drawn. */
export interface TopContext extends ColumnContext {
  readonly style: Style;
  readonly charset: Charset;
  /** Between two samples, in words. */
  readonly interval: string;
}

/** Of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * What to show on a terminal: at most `rows` lines, none wider than `columns`. Tells `view` how many
 * peers there was room for.
 */
export function screenLines(
  model: TopModel,
  view: TopView,
  { columns, rows }: Size,
  context: TopContext,
): string[] {
  const { style, charset, interval } = context;
  const table = { width: columns, charset, paintTitles: style.bold };
  const hint = `by ${view.order}, every ${interval}, ? for help`;
  const head = [style.bold(titleLine(summary(model), hint, columns, charset)), ""];
  if (view.help) return [...head, ...helpLines(columns, charset)].slice(0, rows);
  head.push(...interfaceSection(model.interfaces, rows, table, context), "");
  const peers = model.peers(view.order);
  // One line for the titles, and one to tell which peers these are where not all of them fit.
  const room = rows - head.length - 1;
  view.fit(peers.length, peers.length <= room ? room : room - 1);
  if (peers.length > 0) {
    head.push(...tableLines(
      peerColumns(context, { severalInterfaces: hasSeveral(model), history: true }),
      peers.slice(view.offset, view.offset + view.page),
      table,
    ));
  }
  if (peers.length > room) {
    const last = Math.min(view.offset + view.page, peers.length);
    head.push(fit(`peers ${view.offset + 1} to ${last} of ${peers.length}`, columns, charset));
  }
  return head.slice(0, rows);
}

/**
 * All interfaces and peers at full width, without a history: for a file or another program. `moment` is
 * when, in words.
 */
export function plainLines(
  model: TopModel,
  view: TopView,
  moment: string,
  context: TopContext,
): string[] {
  const { style, charset } = context;
  const table = { width: Infinity, charset, paintTitles: style.bold };
  const shown = { severalInterfaces: hasSeveral(model), history: false };
  const lines = [`${moment}  ${summary(model)}`];
  const interfaces = model.interfaces;
  if (interfaces.length > 0) {
    lines.push("", ...tableLines(columnsFor(interfaces, context), interfaces, table));
  }
  const peers = model.peers(view.order);
  if (peers.length > 0) lines.push("", ...tableLines(peerColumns(context, shown), peers, table));
  return lines.map((line) => line.trimEnd());
}

function hasSeveral(model: TopModel): boolean {
  return model.interfaces.length > 1;
}

function summary(model: TopModel): string {
  const { down, up } = model.total;
  const interfaces = counted(model.interfaces.length, "interface");
  const peers = counted(model.peerCount, "peer");
  return `${interfaces}, ${peers}, down ${formatRate(down)}, up ${formatRate(up)}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** The hint goes where there is too little room for both. */
function titleLine(text: string, hint: string, columns: number, charset: Charset): string {
  const space = columns - columnsOf(text) - 2;
  const right = space >= columnsOf(hint) ? fit(hint, space, charset, "right") : "";
  return right === "" ? fit(text, columns, charset) : `${text}  ${right}`;
}

/** The table of interfaces in the upper third of the screen: the peers are what changes. */
function interfaceSection(
  interfaces: readonly TopInterface[],
  rows: number,
  table: TableOptions,
  context: TopContext,
): string[] {
  const { width, charset } = table;
  if (interfaces.length === 0) return [fit("No WireGuard interface is there.", width, charset)];
  const room = Math.max(1, Math.floor(rows / 3) - 2);
  const shown = interfaces.length <= room ? interfaces : interfaces.slice(0, Math.max(1, room - 1));
  const lines = tableLines(columnsFor(shown, context), shown, table);
  const hidden = interfaces.length - shown.length;
  if (hidden > 0) lines.push(fit(`and ${counted(hidden, "more interface")}`, width, charset));
  return lines;
}

function columnsFor(interfaces: readonly TopInterface[], context: TopContext) {
  return interfaceColumns(context, { problems: interfaces.some(({ found }) => found === null) });
}

const HELP: readonly (readonly [string, string])[] = [
  ["q, Ctrl-C", "quit"],
  ["s", "sort: the busiest peers first, or by name"],
  ["up, down, PgUp, PgDn, Home, End", "scroll through the peers"],
  ["Ctrl-Z", "suspend"],
  ["Ctrl-L", "draw again"],
  ["?", "this text, or back"],
];

function helpLines(columns: number, charset: Charset): string[] {
  return HELP.map(([keys, meaning]) => fit(`  ${keys.padEnd(33)}${meaning}`, columns, charset));
}
