/** The names of the options of an engine that say what its UDP sockets are bound to. */

import { parseBindAddresses } from "../../core/socket_binding.ts";

export const BIND_ADDRESS_OPTION = "--bind-address";
export const BIND_INTERFACE_OPTION = "--bind-interface";

/** Whether `text` is a valid value of {@linkcode BIND_ADDRESS_OPTION}. */
export function areBindAddresses(text: string): boolean {
  try {
    return parseBindAddresses(text).length > 0;
  } catch {
    return false;
  }
}
