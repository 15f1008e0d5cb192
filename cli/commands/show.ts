import {
  findShowField,
  formatShowField,
  linePrefix,
  showsPublicKey,
} from "../../core/show/fields.ts";
import type { PeerPrinter } from "../../core/show/peer_printers.ts";
import { formatShow, type ShowOptions } from "../../core/show/pretty.ts";
import { importLater } from "../import_later.ts";
import { colorWanted, environmentText, printError, writeShown, writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { listInterfaces, readToShow, type Shown } from "../system/interfaces.ts";

// All else that these load: of each module that is the first to name another, `deno run` reads the source
// map, which takes as long as to load one.
import "../../core/ip.ts";
import "../../core/keys.ts";
import "../../core/memory.ts";
import "../../core/show/style.ts";
import "../../core/uapi/client.ts";
import "../../core/uapi/get_reader.ts";
import "../../core/uapi/values.ts";
import "../public_key.ts";
import "../system/control_channel.ts";

type DeviceError = typeof import("../system/device_error.ts");
type Help = typeof import("../help.ts");
type PeerPrinters = typeof import("../../core/show/peer_printers.ts");
type PrettyPrinters = typeof import("../../core/show/pretty_printer.ts");

/** `wgts show`: what `wg show` prints, byte for byte. */
export async function main(args: string[]): Promise<number> {
  const [what = "all", fieldName] = args;
  if (args.length > 2) throw new UsageError();
  if (what === "all") return await showAll(fieldName);
  if (what === "interfaces") return await showNames(fieldName);
  if (args.length === 1 && ["-h", "--help", "help"].includes(what)) return await showUsage();
  return await showOne(what, fieldName);
}

async function showAll(fieldName: string | undefined): Promise<number> {
  const names = await list();
  if (names === null) return 1;
  let code = names.length === 0 ? 0 : 1;
  for (const [i, name] of names.entries()) {
    let shown: Shown;
    try {
      shown = await read(name, fieldName, true);
    } catch (error) {
      await complain(`Unable to access interface ${name}`, error);
      continue;
    }
    if (fieldName !== undefined) writeField(shown, fieldName, true);
    else {
      writePretty(shown);
      if (i < names.length - 1) writeStdout("\n");
    }
    // One of them is enough for success.
    code = 0;
  }
  return code;
}

async function showNames(fieldName: string | undefined): Promise<number> {
  if (fieldName !== undefined) throw new UsageError();
  const names = await list();
  if (names === null) return 1;
  if (names.length > 0) writeStdout(`${names.join(" ")}\n`);
  return 0;
}

async function showUsage(): Promise<number> {
  const { commandUsage } = await importLater<Help>("help.ts");
  printError(commandUsage("show"));
  return 0;
}

async function showOne(name: string, fieldName: string | undefined): Promise<number> {
  let shown: Shown;
  try {
    shown = await read(name, fieldName, false);
  } catch (error) {
    await complain("Unable to access interface", error);
    return 1;
  }
  if (fieldName !== undefined) writeField(shown, fieldName, false);
  else writePretty(shown);
  return 0;
}

/** Reads what has to be known of an interface to show a field of it, or all. */
function read(name: string, fieldName: string | undefined, prefixed: boolean): Promise<Shown> {
  const field = fieldName === undefined ? null : findShowField(fieldName);
  const publicKey = field === null || showsPublicKey(field);
  const printer = fieldName === undefined
    ? prettyPrinter
    : field === "dump"
    ? (shownName: string) => dumpPrinter(shownName, prefixed)
    : null;
  return readToShow(name, Date.now(), { publicKey, printer });
}

/** Null with colours, which it has none of. */
async function prettyPrinter(): Promise<PeerPrinter | null> {
  const options = showOptions();
  if (options.color) return null;
  const { PrettyPrinter } = await importLater<PrettyPrinters>("../core/show/pretty_printer.ts");
  return new PrettyPrinter(options);
}

async function dumpPrinter(name: string, prefixed: boolean): Promise<PeerPrinter> {
  const { DumpPrinter } = await importLater<PeerPrinters>("../core/show/peer_printers.ts");
  return new DumpPrinter(linePrefix(name, prefixed));
}

/** The names of all interfaces; null, and a message in `wg`'s words, when they can't be had. */
async function list(): Promise<string[] | null> {
  try {
    return await listInterfaces();
  } catch (error) {
    await complain("Unable to list interfaces", error);
    return null;
  }
}

/** Says what can't be done and why. */
async function complain(what: string, error: unknown): Promise<void> {
  const { deviceErrorText } = await importLater<DeviceError>(
    "system/device_error.ts",
  );
  printError(`${what}: ${deviceErrorText(error)}`);
}

function writeField({ state, peers }: Shown, fieldName: string, prefixed: boolean): void {
  const field = findShowField(fieldName);
  if (field === null) throw new UsageError(`Invalid parameter: \`${fieldName}'`);
  writeShown(formatShowField(state, field, prefixed), peers);
}

function writePretty({ state, peers }: Shown): void {
  writeShown(formatShow(state, showOptions()), peers);
}

function showOptions(): ShowOptions {
  return {
    wall: Date.now,
    color: colorWanted(),
    showKeys: environmentText("WG_HIDE_KEYS") === "never",
  };
}
