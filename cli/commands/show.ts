import { findShowField, formatShowField, type ShowField } from "../../core/show/fields.ts";
import { formatShow } from "../../core/show/pretty.ts";
import { UapiError } from "../../core/uapi/client.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { SysError } from "../../ffi/errno.ts";
import { colorWanted, writeStdout } from "../output.ts";
import { getInterface, listInterfaces } from "../system/interfaces.ts";
import { UsageError } from "../usage_error.ts";

/** `wgts show`: what `wg show` prints, byte for byte. */
export async function main(args: string[]): Promise<number> {
  const [what = "all", fieldName] = args;
  if (args.length > 2) throw new UsageError();
  if (what === "interfaces") {
    if (fieldName !== undefined) throw new UsageError();
    const names = listInterfaces();
    if (names.length > 0) writeStdout(`${names.join(" ")}\n`);
    return 0;
  }
  return await (what === "all" ? showAll(fieldName) : showOne(what, fieldName));
}

async function showAll(fieldName: string | undefined): Promise<number> {
  let code = 0;
  let separator = "";
  for (const name of listInterfaces()) {
    const state = await read(name);
    if (state === null) {
      code = 1;
    } else if (fieldName === undefined) {
      writeStdout(separator + pretty(state));
      separator = "\n";
    } else {
      const field = findShowField(fieldName);
      if (field === null) throw fieldError(fieldName);
      writeField(state, field, true);
    }
  }
  return code;
}

async function showOne(name: string, fieldName: string | undefined): Promise<number> {
  const state = await read(name);
  if (state === null) return 1;
  if (fieldName === undefined) {
    writeStdout(pretty(state));
    return 0;
  }
  const field = findShowField(fieldName);
  if (field === null) throw fieldError(fieldName);
  writeField(state, field, false);
  return 0;
}

function writeField(state: InterfaceState, field: ShowField, prefixed: boolean): void {
  writeStdout(formatShowField(state, field, prefixed));
}

/** The state of an interface; null, and a message in `wg`'s words, when it can't be had. */
async function read(name: string): Promise<InterfaceState | null> {
  try {
    return await getInterface(name, Date.now());
  } catch (error) {
    if (error instanceof SysError) {
      console.error(`Unable to access interface: ${error.description}`);
    } else if (error instanceof UapiError) {
      console.error(`Unable to access interface: ${error.message}`);
    } else {
      throw error;
    }
  }
  return null;
}

function pretty(state: InterfaceState): string {
  return formatShow(state, {
    wall: Date.now(),
    color: colorWanted(),
    showKeys: Deno.env.get("WG_HIDE_KEYS") === "never",
  });
}

function fieldError(fieldName: string): UsageError {
  return new UsageError(`Invalid parameter: \`${fieldName}'`);
}
