/**
 * A request of wgts' own, which other implementations refuse: to print the interface as a command does. The
 * engine has all that is printed, and code that is compiled already; a command begins anew each time.
 */

import type { ShowField } from "../show/field_names.ts";

/** What is printed: all for people, a field for scripts, or a config. */
export type PrintFormat = "show" | "showconf" | ShowField;

/** A request to print an interface. */
export interface PrintRequest {
  /** What is printed. */
  readonly format: PrintFormat;
  /** How the interface is called in what is printed: one to 15 printable characters of ASCII. */
  readonly name: string;
  /** Whether each line begins with that name, where a field is printed. */
  readonly prefixed: boolean;
  /** Whether `show` prints private and preshared keys. */
  readonly showKeys: boolean;
  /** Whether `show` prints terminal colours. */
  readonly color: boolean;
}

/** The request to print the interface `name` as a config. */
export function configRequest(name: string): PrintRequest {
  return { format: "showconf", name, prefixed: false, showKeys: true, color: false };
}

/** What ends the answer: it is behind all that is printed, and nothing that is printed has such a line. */
export const PRINTED = "errno=0\n\n";

/** Whether an interface may be called `name` in a request. */
export function isPrintableName(name: string): boolean {
  return /^[!-~]{1,15}$/.test(name);
}

/** The request, as `UapiRequestParser` reads it. */
export function formatPrintRequest(request: PrintRequest): string {
  return `print=${request.format}\nname=${request.name}\n` +
    (request.prefixed ? "prefixed=true\n" : "") +
    (request.showKeys ? "show_keys=true\n" : "") +
    (request.color ? "color=true\n" : "") +
    "\n";
}
