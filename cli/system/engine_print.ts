import { controlSocketPath, UapiError } from "../../core/uapi/client.ts";
import {
  formatPrintRequest,
  isPrintableName,
  PRINTED,
  type PrintRequest,
} from "../../core/uapi/print_request.ts";
import { writeAllStdout } from "../output.ts";
import { engineRecordPath } from "../runtime_paths.ts";
import { ControlChannel } from "./control_channel.ts";

/**
 * Has the interface printed by its engine, if that is of wgts, and able to. Gives null otherwise: then it has to
 * be read, and printed here. What is given is printed by {@linkcode writeText}.
 *
 * @throws SysError as `getInterface`, but not with ENODEV; UapiError when it breaks off
 */
export async function printByEngine(request: PrintRequest): Promise<Uint8Array[] | null> {
  return isPrintedByEngine(request.name) ? await askToPrint(request) : null;
}

/** As {@linkcode printByEngine}, of an interface that {@linkcode isPrintedByEngine}. */
export async function askToPrint(request: PrintRequest): Promise<Uint8Array[] | null> {
  using channel = await ControlChannel.open(request.name);
  const text = await channel?.askForText(formatPrintRequest(request), PRINTED) ?? null;
  if (channel !== null && text === null) await checkServed(request.name);
  return text;
}

/** An engine that hung up may be an earlier version; or it has just ended, and nobody else is to be taken for it. */
async function checkServed(name: string): Promise<void> {
  const path = controlSocketPath(name);
  try {
    using _ = await ControlChannel.connect(path, 0);
  } catch {
    throw new UapiError(0, `The answer of ${path} breaks off`);
  }
}

/**
 * Whether an engine of wgts can be asked. Another implementation would complain of the request in its log, and may
 * be where an engine was killed: then its socket is younger than what the engine noted when it had its own.
 */
export function isPrintedByEngine(name: string): boolean {
  return isPrintableName(name) &&
    modifiedAt(engineRecordPath(name)) >= modifiedAt(controlSocketPath(name));
}

/** Milliseconds since whenever; NaN where there is nothing, or nothing to be seen. */
function modifiedAt(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? NaN;
  } catch {
    return NaN;
  }
}

/** Writes what an engine printed to stdout, and wipes it. */
export function writeText(parts: readonly Uint8Array[]): void {
  try {
    for (const part of parts) writeAllStdout(part);
  } finally {
    for (const part of parts) part.fill(0);
  }
}
