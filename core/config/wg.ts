/** The config dialect of wg(8): what `wg setconf`, `addconf` and `syncconf` read. */

import { ConfigDocument } from "./document.ts";
import type { WgInterfaceKey } from "./keys.ts";
import { PEER_READERS } from "./peers.ts";
import {
  type ConfigOptions,
  readSections,
  type SettingReader,
  type SettingReaders,
} from "./sections.ts";
import type { WgConfig, WgInterfaceConfig } from "./types.ts";
import { parseFwmark, parseKeyValue, parsePort } from "./values.ts";

const READERS: [WgInterfaceKey, SettingReader<WgInterfaceConfig>][] = [
  ["PrivateKey", (config, { value }) => config.privateKey = parseKeyValue(value)],
  ["ListenPort", (config, { value }, { servicePort }) => {
    config.listenPort = parsePort(value, servicePort);
  }],
  ["FwMark", (config, { value }) => config.fwmark = parseFwmark(value)],
];

/** The keys of `[Interface]` that every dialect has. */
export const WG_INTERFACE_READERS: SettingReaders<WgInterfaceConfig> = new Map(READERS);

/**
 * Parses a config of the wg(8) dialect. White space counts nowhere, case counts only in values, `#`
 * begins a comment. Throws ConfigError at the first line that is wrong.
 */
export function parseWgConfig(text: string, file: string, options: ConfigOptions = {}): WgConfig {
  const document = ConfigDocument.parse(text, file, options.refuse);
  return readSections(document, {}, WG_INTERFACE_READERS, PEER_READERS, options);
}
