/** The columns of the two tables of `wgts top`. */

import type { Style } from "../show/style.ts";
import type { TopInterface, TopPeer } from "./model.ts";
import { HISTORY_LENGTH } from "./sparkline.ts";
import type { Column } from "./table.ts";
import { type Charset, printable } from "../terminal_text.ts";
import { AGE_COLUMNS, AMOUNT_COLUMNS, formatAge, formatAmount } from "./units.ts";

/** What the texts of a table depend on. */
export interface ColumnContext {
  readonly style: Style;
  readonly charset: Charset;
  /** Milliseconds since 1970-01-01 UTC, from which the ages of handshakes are counted. */
  readonly wall: number;
  /** Present time on the clock of the samples, in ms. */
  readonly time: number;
}

/** Seconds after which a session's keys may not be used any more: REJECT_AFTER_TIME. */
const REJECT_AFTER_TIME = 180;

/** An interface's name has at most 15 characters. */
const INTERFACE_COLUMNS = 15;
const KEY_COLUMNS = 44;
/** Of an IPv6 address with a zone, in brackets, and a port. */
const ENDPOINT_COLUMNS = 63;

/** The columns of the table of interfaces; with more room for their state if some have problems. */
export function interfaceColumns(
  { style, charset, time }: ColumnContext,
  { problems }: { problems: boolean },
): Column<TopInterface>[] {
  const figure = (each: TopInterface, text: string) => each.found === null ? "-" : text;
  return [
    {
      title: "INTERFACE",
      align: "left",
      min: 9,
      max: INTERFACE_COLUMNS,
      rank: 0,
      text: ({ name }) => printable(name, charset),
      paint: (text, { problem }) => problem === null ? style.green(text) : style.red(text),
    },
    {
      title: "PORT",
      align: "right",
      min: 5,
      max: 5,
      rank: 5,
      text: (each) => figure(each, String(each.found?.listenPort || "-")),
    },
    {
      title: "PEERS",
      align: "right",
      min: 6,
      max: 6,
      rank: 4,
      text: (each) => figure(each, String(each.found?.peers.length)),
    },
    amount("DOWN/s", 1, ({ down }) => down),
    amount("UP/s", 2, ({ up }) => up),
    amount("RECEIVED", 6, (each) => each.found === null ? NaN : each.receivedBytes),
    amount("SENT", 7, (each) => each.found === null ? NaN : each.sentBytes),
    {
      title: "STATE",
      align: "left",
      min: problems ? 26 : 10,
      max: 80,
      rank: 3,
      text: (each) => printable(stateOf(each, time), charset),
      paint: (text, { problem }) => problem === null ? text : style.red(text),
    },
  ];
}

function stateOf({ found, problem, problemSince }: TopInterface, time: number): string {
  if (found !== null) return found.state;
  const text = `${problem?.problem} for ${formatAge((time - problemSince) / 1000)}`;
  return problem?.reason ? `${text}: ${problem.reason}` : text;
}

/** The columns of the table of peers; the interface only where there are several. */
export function peerColumns(
  { style, charset, wall }: ColumnContext,
  { severalInterfaces, history }: { severalInterfaces: boolean; history: boolean },
): Column<TopPeer>[] {
  const age = (seconds: number) => Math.floor(wall / 1000) - seconds;
  const columns: (Column<TopPeer> | null)[] = [
    {
      title: "PEER",
      align: "left",
      min: 11,
      max: KEY_COLUMNS,
      rank: 0,
      text: ({ label }) => printable(label, charset),
      paint: style.yellow,
    },
    !severalInterfaces ? null : {
      title: "INTERFACE",
      align: "left",
      min: 9,
      max: INTERFACE_COLUMNS,
      rank: 6,
      text: ({ interfaceName }) => printable(interfaceName, charset),
    },
    {
      title: "ENDPOINT",
      align: "left",
      min: 15,
      max: ENDPOINT_COLUMNS,
      rank: 5,
      text: ({ sample: { endpoint } }) => printable(endpoint ?? "-", charset),
    },
    amount("DOWN/s", 1, ({ down }) => down),
    amount("UP/s", 2, ({ up }) => up),
    !history ? null : {
      title: "HISTORY",
      align: "left",
      min: 8,
      max: HISTORY_LENGTH,
      rank: 4,
      text: (peer, width) => peer.history.sparkline(width, charset),
      paint: style.cyan,
    },
    {
      title: "HANDSHAKE",
      align: "right",
      min: Math.max(AGE_COLUMNS, "HANDSHAKE".length),
      max: Math.max(AGE_COLUMNS, "HANDSHAKE".length),
      rank: 3,
      text: ({ sample: { handshakeAt } }) =>
        handshakeAt === 0 ? "never" : formatAge(age(handshakeAt)),
      paint: (text, { sample: { handshakeAt } }) =>
        age(handshakeAt) < REJECT_AFTER_TIME ? style.green(text) : text,
    },
    amount("RECEIVED", 7, ({ sample }) => sample.receivedBytes),
    amount("SENT", 8, ({ sample }) => sample.sentBytes),
  ];
  return columns.filter((column) => column !== null);
}

function amount<T>(title: string, rank: number, value: (row: T) => number): Column<T> {
  const text = (row: T) => formatAmount(value(row));
  return { title, align: "right", min: AMOUNT_COLUMNS, max: AMOUNT_COLUMNS, rank, text };
}
