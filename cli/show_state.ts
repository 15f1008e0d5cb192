/**
 * Interfaces as `show` and `showconf` print them, of what they tell of themselves. wgts' engine prints its own
 * interface: this is for all others.
 *
 * @module
 */
import { findShowField, type ShowField } from "../core/show/field_names.ts";
import { formatShowField, linePrefix, showsPublicKey } from "../core/show/fields.ts";
import type { PeerPrinter } from "../core/show/peer_printers.ts";
import { formatShow, type ShowOptions } from "../core/show/pretty.ts";
import { formatShowconf } from "../core/show/showconf.ts";
import type { TextBuffer } from "../core/text_buffer.ts";
import { importLater } from "./import_later.ts";
import { writeAllStdout, writeStdout } from "./output.ts";
import { UsageError } from "./program_name.ts";
import { readToShow } from "./system/interfaces.ts";

type PeerPrinters = typeof import("../core/show/peer_printers.ts");
type PrettyPrinters = typeof import("../core/show/pretty_printer.ts");

/**
 * Reads the interface `name`, and gives what writes all of it to stdout.
 *
 * @throws SysError or UapiError as `getInterface`
 */
export async function showState(
  name: string,
  options: Omit<ShowOptions, "wall">,
): Promise<() => void> {
  const printed = { ...options, wall: Date.now };
  const printer = async (): Promise<PeerPrinter | null> => {
    if (options.color) return null;
    const { PrettyPrinter } = await importLater<PrettyPrinters>("../core/show/pretty_printer.ts");
    return new PrettyPrinter(printed);
  };
  const { state, peers } = await readToShow(name, Date.now(), { publicKey: true, printer });
  return () => writeShown(formatShow(state, printed), peers);
}

/**
 * As {@linkcode showState}, but of one field, of which each line may begin with the interface's name. What it
 * gives throws UsageError for a field that there isn't: `wg` complains of the interface first.
 */
export async function showStateField(
  name: string,
  fieldName: string,
  prefixed: boolean,
): Promise<() => void> {
  const field = findShowField(fieldName);
  const publicKey = field !== null && showsPublicKey(field);
  const printer = field === "dump" ? dumpPrinter(prefixed) : null;
  const { state, peers } = await readToShow(name, Date.now(), { publicKey, printer });
  return () => writeShown(formatShowField(state, known(field, fieldName), prefixed), peers);
}

function known(field: ShowField | null, name: string): ShowField {
  if (field === null) throw new UsageError(`Invalid parameter: \`${name}'`);
  return field;
}

function dumpPrinter(prefixed: boolean): (name: string) => Promise<PeerPrinter> {
  return async (name) => {
    const { DumpPrinter } = await importLater<PeerPrinters>("../core/show/peer_printers.ts");
    return new DumpPrinter(linePrefix(name, prefixed));
  };
}

/** As {@linkcode showState}, but as a config. */
export async function showStateAsConfig(name: string): Promise<() => void> {
  const printer = async (): Promise<PeerPrinter> => {
    const { ShowconfPrinter } = await importLater<PeerPrinters>("../core/show/peer_printers.ts");
    return new ShowconfPrinter();
  };
  const { state, peers } = await readToShow(name, Date.now(), { publicKey: false, printer });
  return () => writeShown(formatShowconf(state), peers);
}

/** Writes `text`, and behind it `more`, which it wipes, to stdout. */
function writeShown(text: string, more: TextBuffer | null): void {
  try {
    writeStdout(text);
    for (const part of more?.parts() ?? []) writeAllStdout(part);
  } finally {
    more?.wipe();
  }
}
