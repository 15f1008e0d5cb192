/** What an engine's UDP sockets are bound to, by config and options. */

import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import { parseBindAddresses, type SocketBinding } from "../../core/socket_binding.ts";
import { BIND_ADDRESS_OPTION, BIND_INTERFACE_OPTION } from "./binding_options.ts";
import { engineOption } from "./engine_options.ts";

/** The options of `engine` that the config sets and `given` ones, of command line and environment, don't. */
export function bindingOptionsOf(
  { bindAddresses, bindInterface }: QuickInterfaceConfig,
  given: readonly string[],
): string[] {
  const options: string[] = [];
  if (bindAddresses !== undefined && engineOption(given, BIND_ADDRESS_OPTION) === undefined) {
    options.push(`${BIND_ADDRESS_OPTION}=${bindAddresses.join(",")}`);
  }
  if (bindInterface !== undefined && engineOption(given, BIND_INTERFACE_OPTION) === undefined) {
    options.push(`${BIND_INTERFACE_OPTION}=${bindInterface}`);
  }
  return options;
}

/** What the options of `engine` say. */
export function parseBinding(engine: readonly string[]): SocketBinding {
  return {
    addresses: parseBindAddresses(engineOption(engine, BIND_ADDRESS_OPTION) ?? ""),
    interfaceName: engineOption(engine, BIND_INTERFACE_OPTION) ?? null,
  };
}
