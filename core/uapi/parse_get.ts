import type { InterfaceState } from "../interface_state.ts";
import { LONG_ANSWER, type UapiGetContext, UapiGetReader } from "./get_reader.ts";
import { readUsualLines } from "./usual_lines.ts";

/**
 * Reads the answer to `GET_REQUEST`, as {@linkcode UapiGetReader} does when it comes in parts. Throws
 * {@linkcode UapiError} for an error or a malformed answer.
 */
export function parseUapiGet(text: string, context: UapiGetContext): InterfaceState {
  const reader = new UapiGetReader(context);
  if (text.length >= LONG_ANSWER) reader.usualLines = readUsualLines;
  reader.push(text);
  return reader.finish();
}
