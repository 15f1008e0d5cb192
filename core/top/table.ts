/** Tables whose lines are never wider than they may be. */

import { type Charset, columnsOf, fit } from "../terminal_text.ts";

/** A column of a table with rows of `T`. */
export interface Column<T> {
  readonly title: string;
  readonly align: "left" | "right";
  /** Terminal columns that it needs to be of use. */
  readonly min: number;
  /** Terminal columns that it can use, if its content can. */
  readonly max: number;
  /** The columns with the highest are the first to go where there is too little room. */
  readonly rank: number;
  /** What is in the cell of a row, printable; `width` columns are there for it. */
  text(row: T, width: number): string;
  /** Adds colours. */
  readonly paint?: (text: string, row: T) => string;
}

/** How a table is drawn. */
export interface TableOptions {
  /** Terminal columns there are; Infinity for as many as the content needs. */
  readonly width: number;
  readonly charset: Charset;
  /** Adds colours to the titles. */
  readonly paintTitles: (text: string) => string;
}

const GAP = 2;

interface Placed<T> {
  readonly column: Column<T>;
  width: number;
  /** Of its content. */
  readonly wanted: number;
}

/** The titles and the rows, one line each. */
export function tableLines<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  { width, charset, paintTitles }: TableOptions,
): string[] {
  const placed = place(columns, rows, width);
  const line = (cell: (placed: Placed<T>) => string) => placed.map(cell).join(" ".repeat(GAP));
  const title = ({ column, width }: Placed<T>) => fit(column.title, width, charset, column.align);
  const cellOf = (row: T) => ({ column, width }: Placed<T>) => {
    const text = fit(column.text(row, width), width, charset, column.align);
    return column.paint === undefined ? text : column.paint(text, row);
  };
  return [paintTitles(line(title)), ...rows.map((row) => line(cellOf(row)))];
}

/** Which columns there is room for, and how wide each is. */
function place<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): Placed<T>[] {
  let kept = columns;
  while (kept.length > 1 && total(kept, ({ min }) => min) > width) {
    const last = Math.max(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== last);
  }
  const placed = kept.map((column) => ({
    column,
    width: Math.min(column.min, width),
    wanted: wantedWidth(column, rows, width),
  }));
  // One column each in turn, so that all of them grow as long as they need to.
  let spare = width - total(placed, ({ width }) => width);
  for (let grown = true; grown && spare > 0;) {
    grown = false;
    for (const each of placed) {
      if (each.width >= each.wanted || spare <= 0) continue;
      each.width++;
      spare--;
      grown = true;
    }
  }
  return placed;
}

function wantedWidth<T>(column: Column<T>, rows: readonly T[], width: number): number {
  const { min, max } = column;
  if (min === max) return max;
  let wanted = columnsOf(column.title);
  for (const row of rows) wanted = Math.max(wanted, columnsOf(column.text(row, max)));
  return width === Infinity ? wanted : Math.min(wanted, max);
}

function total<T>(items: readonly T[], width: (item: T) => number): number {
  return items.reduce((sum, item) => sum + width(item), GAP * (items.length - 1));
}
