import { findShowField } from "../../core/show/field_names.ts";
import { importLater } from "../import_later.ts";
import { colorWanted, environmentText, printError, writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { printByEngine, writeText } from "../system/engine_print.ts";
import { listInterfaces } from "../system/list_interfaces.ts";

// All else that these load: of each module that is the first to name another, `deno run` reads the source
// map, which takes as long as to load one.
import "../../core/uapi/print_request.ts";
import "../../core/uapi/client.ts";
import "../runtime_paths.ts";
import "../system/control_channel.ts";

type DeviceError = typeof import("../system/device_error.ts");
type Help = typeof import("../help.ts");
type ShowState = typeof import("../show_state.ts");

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
    let write: () => void;
    try {
      write = await read(name, fieldName, true);
    } catch (error) {
      await complain(`Unable to access interface ${name}`, error);
      continue;
    }
    write();
    if (fieldName === undefined && i < names.length - 1) writeStdout("\n");
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
  let write: () => void;
  try {
    write = await read(name, fieldName, false);
  } catch (error) {
    await complain("Unable to access interface", error);
    return 1;
  }
  write();
  return 0;
}

/** Reads an interface, and gives what prints a field of it, or all. */
async function read(
  name: string,
  fieldName: string | undefined,
  prefixed: boolean,
): Promise<() => void> {
  return fieldName === undefined ? await readAll(name) : await readField(name, fieldName, prefixed);
}

async function readAll(name: string): Promise<() => void> {
  const color = colorWanted(), showKeys = environmentText("WG_HIDE_KEYS") === "never";
  const text = await printByEngine({ format: "show", name, prefixed: false, showKeys, color });
  if (text !== null) return () => writeText(text);
  const { showState } = await importLater<ShowState>("show_state.ts");
  return await showState(name, { color, showKeys });
}

async function readField(
  name: string,
  fieldName: string,
  prefixed: boolean,
): Promise<() => void> {
  const field = findShowField(fieldName);
  const text = field === null
    ? null
    : await printByEngine({ format: field, name, prefixed, showKeys: true, color: false });
  if (text !== null) return () => writeText(text);
  const { showStateField } = await importLater<ShowState>("show_state.ts");
  return await showStateField(name, fieldName, prefixed);
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
