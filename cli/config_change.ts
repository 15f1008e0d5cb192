/** `setconf`, `addconf` and `syncconf`. */

import { decodeConfigText } from "../core/config/text.ts";
import type { WgChange } from "../core/wg/change.ts";
import { parseWgFile } from "../core/wg/config.ts";
import { WgError } from "../core/wg/error.ts";
import type { WgSurroundings } from "../core/wg/surroundings.ts";
import { wipeKeys } from "../core/wg/values.ts";
import { configRequest } from "../core/uapi/print_request.ts";
import { importLater } from "./import_later.ts";
import { UsageError } from "./program_name.ts";
import { deviceName } from "./system/control_channel.ts";
import { deviceErrorText } from "./system/device_error.ts";
import { askToPrint, isPrintedByEngine } from "./system/engine_print.ts";
import { readInterface } from "./system/interfaces.ts";
import { osErrorText } from "./system/os_error.ts";
import { runChange, systemSurroundings } from "./wg_change.ts";

type PeerSectionsModule = typeof import("../core/wg/peer_sections.ts");
type PrintedSectionsModule = typeof import("../core/wg/printed_sections.ts");
type SyncFile = typeof import("../core/wg/sync_file.ts");
type Syncconf = typeof import("../core/wg/syncconf.ts");

/** With fewer sections it takes less time to read all than to load what compares them. */
const MANY_SECTIONS = 500;
const BRACKET = 0x5b;

/** Runs one of these commands with the arguments behind its name; gives the exit code. */
export async function runConfigChange(
  command: "setconf" | "addconf" | "syncconf",
  args: readonly string[],
): Promise<number> {
  const [name, path] = args;
  if (name === undefined || path === undefined || args.length > 2) throw new UsageError();
  return await runChange(name, async () => {
    const file = readFile(path);
    try {
      const surroundings = await systemSurroundings();
      if (command === "syncconf") return await sync(deviceName(name), file, surroundings);
      return parse(file, command === "addconf" ? "add" : "replace", surroundings);
    } finally {
      file.fill(0);
    }
  });
}

/** A file that can't be read to its end isn't taken for an empty one, which would remove all peers. */
function readFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    throw new WgError(`fopen: ${osErrorText(error)}`);
  }
}

function parse(
  file: Uint8Array,
  mode: "add" | "replace",
  surroundings: WgSurroundings,
): WgChange {
  return parseWgFile(decodeConfigText(file), mode, surroundings);
}

async function sync(
  name: string,
  file: Uint8Array,
  surroundings: WgSurroundings,
): Promise<WgChange> {
  const change = isPrintedByEngine(name) ? await syncPrinted(name, file, surroundings) : null;
  if (change !== null) return change;
  return mayHaveManySections(file)
    ? await syncLong(name, file, surroundings)
    : await syncWith(name, parse(file, "replace", surroundings));
}

/** Compares what the interface's engine prints with the file; null when that isn't plain, or nothing is printed. */
async function syncPrinted(
  name: string,
  file: Uint8Array,
  surroundings: WgSurroundings,
): Promise<WgChange | null> {
  const { PrintedSections } = await importLater<PrintedSectionsModule>(
    "../core/wg/printed_sections.ts",
  );
  const sections = PrintedSections.read(file);
  const printed = sections === null ? null : await printConfig(name).catch((error) => {
    // What is wrong with the file is told first.
    wipeKeys(parse(file, "replace", surroundings));
    throw unretrievable(error);
  });
  if (sections === null || printed === null || !sections.compare(printed)) return null;
  const { syncFile } = await importLater<SyncFile>("../core/wg/sync_file.ts");
  return syncFile(sections, surroundings);
}

async function printConfig(name: string): Promise<string | null> {
  const parts = await askToPrint(configRequest(name));
  if (parts === null) return null;
  const decoder = new TextDecoder();
  const text = parts.map((part) => decoder.decode(part, { stream: true })).join("");
  for (const part of parts) part.fill(0);
  return text;
}

/** Whether the file has so many brackets, of headers or not. */
function mayHaveManySections(file: Uint8Array): boolean {
  let sections = 0;
  for (let at = 0; sections < MANY_SECTIONS; sections++) {
    at = file.indexOf(BRACKET, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** Without peers there is nothing to compare, and nobody is asked. */
async function syncWith(name: string, change: WgChange): Promise<WgChange> {
  if (change.peers.length === 0) return change;
  const { syncChange } = await importLater<Syncconf>("../core/wg/syncconf.ts");
  try {
    const wanted = { publicKey: false, receiver: null, wholeLines: true };
    return syncChange(change, await readInterface(name, Date.now(), wanted));
  } catch (error) {
    wipeKeys(change);
    throw unretrievable(error);
  }
}

/**
 * Compares the peers that run with the file's bytes, and reads only what is left; a file that isn't plain, or
 * has no peers, is read first.
 */
async function syncLong(
  name: string,
  file: Uint8Array,
  surroundings: WgSurroundings,
): Promise<WgChange> {
  const { PeerSections } = await importLater<PeerSectionsModule>("../core/wg/peer_sections.ts");
  const sections = new PeerSections(file);
  if (!sections.isPlain || !sections.hasPeers) {
    return await syncWith(name, parse(file, "replace", surroundings));
  }
  try {
    const wanted = { publicKey: false, receiver: () => Promise.resolve(sections) };
    const { peers } = await readInterface(name, Date.now(), wanted);
    for (const peer of peers) sections.other(peer);
  } catch (error) {
    // What is wrong with the file is told first.
    wipeKeys(parse(file, "replace", surroundings));
    throw unretrievable(error);
  }
  const { syncFile } = await importLater<SyncFile>("../core/wg/sync_file.ts");
  return syncFile(sections, surroundings);
}

function unretrievable(error: unknown): WgError {
  const reason = deviceErrorText(error);
  return new WgError(`Unable to retrieve current interface configuration: ${reason}`);
}
