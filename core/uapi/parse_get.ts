import type { InterfaceState } from "../interface_state.ts";
import { type UapiGetContext, UapiGetReader, WORTH_USUAL_LINES } from "./get_reader.ts";
import { readUsualLines } from "./usual_lines.ts";

/**
 * Reads the answer to `GET_REQUEST`, as {@linkcode UapiGetReader} does when it comes in parts. Throws
 * {@linkcode UapiError} for an error or a malformed answer.
 */
export function parseUapiGet(text: string, context: UapiGetContext): InterfaceState {
  const reader = new UapiGetReader(context);
  if (text.length >= WORTH_USUAL_LINES) reader.usualLines = readUsualLines;
  reader.push(text);
  return reader.finish();
}
