import type { InterfaceState } from "../../core/interface_state.ts";
import { findShowField, formatShowField, showsPublicKey } from "../../core/show/fields.ts";
import { formatShow } from "../../core/show/pretty.ts";
import { importLater } from "../import_later.ts";
import { colorWanted, printError, writeStdout } from "../output.ts";
import { getInterface, listInterfaces } from "../system/interfaces.ts";
import { UsageError } from "../usage_error.ts";

type DeviceError = typeof import("../system/device_error.ts");
type Help = typeof import("../help.ts");

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
    let state: InterfaceState;
    try {
      state = await getInterface(name, Date.now(), whatFor(fieldName));
    } catch (error) {
      await complain(`Unable to access interface ${name}`, error);
      continue;
    }
    if (fieldName !== undefined) writeField(state, fieldName, true);
    else writeStdout(pretty(state) + (i < names.length - 1 ? "\n" : ""));
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
  const { commandUsage } = await importLater<Help>("../help.ts", import.meta.url);
  printError(commandUsage("show"));
  return 0;
}

async function showOne(name: string, fieldName: string | undefined): Promise<number> {
  let state: InterfaceState;
  try {
    state = await getInterface(name, Date.now(), whatFor(fieldName));
  } catch (error) {
    await complain("Unable to access interface", error);
    return 1;
  }
  if (fieldName !== undefined) writeField(state, fieldName, false);
  else writeStdout(pretty(state));
  return 0;
}

/** What has to be known of an interface to show a field of it, or all. */
function whatFor(fieldName: string | undefined): { publicKey: boolean } {
  const field = fieldName === undefined ? null : findShowField(fieldName);
  return { publicKey: field === null || showsPublicKey(field) };
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
    "../system/device_error.ts",
    import.meta.url,
  );
  printError(`${what}: ${deviceErrorText(error)}`);
}

function writeField(state: InterfaceState, fieldName: string, prefixed: boolean): void {
  const field = findShowField(fieldName);
  if (field === null) throw new UsageError(`Invalid parameter: \`${fieldName}'`);
  writeStdout(formatShowField(state, field, prefixed));
}

function pretty(state: InterfaceState): string {
  return formatShow(state, {
    wall: Date.now(),
    color: colorWanted(),
    showKeys: Deno.env.get("WG_HIDE_KEYS") === "never",
  });
}
