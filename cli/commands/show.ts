import type { InterfaceState } from "../../core/interface_state.ts";
import {
  findShowField,
  formatShowField,
  linePrefix,
  showsPublicKey,
} from "../../core/show/fields.ts";
import type { PeerFormat } from "../../core/show/long_answer.ts";
import { formatShow } from "../../core/show/pretty.ts";
import { importLater } from "../import_later.ts";
import { colorWanted, printError, writeShown, writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";
import type { Shown, Wanted } from "../system/control_client.ts";
import { listInterfaces, readInterface } from "../system/interfaces.ts";

type DeviceError = typeof import("../system/device_error.ts");
type Help = typeof import("../help.ts");
type PeerFormats = typeof import("../../core/show/peer_formats.ts");

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
      shown = await readInterface(name, Date.now(), whatFor(fieldName, true));
    } catch (error) {
      await complain(`Unable to access interface ${name}`, error);
      continue;
    }
    if (fieldName !== undefined) writeField(shown, fieldName, true);
    else writeStdout(pretty(shown.state) + (i < names.length - 1 ? "\n" : ""));
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
    shown = await readInterface(name, Date.now(), whatFor(fieldName, false));
  } catch (error) {
    await complain("Unable to access interface", error);
    return 1;
  }
  if (fieldName !== undefined) writeField(shown, fieldName, false);
  else writeStdout(pretty(shown.state));
  return 0;
}

/** What has to be known of an interface to show a field of it, or all. */
function whatFor(fieldName: string | undefined, prefixed: boolean): Wanted {
  const field = fieldName === undefined ? null : findShowField(fieldName);
  const publicKey = field === null || showsPublicKey(field);
  return { publicKey, format: field === "dump" ? (name) => dumpFormat(name, prefixed) : null };
}

async function dumpFormat(name: string, prefixed: boolean): Promise<PeerFormat> {
  const formats = await importLater<PeerFormats>("../core/show/peer_formats.ts");
  return formats.dumpFormat(linePrefix(name, prefixed));
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

function pretty(state: InterfaceState): string {
  return formatShow(state, {
    wall: Date.now(),
    color: colorWanted(),
    showKeys: Deno.env.get("WG_HIDE_KEYS") === "never",
  });
}
