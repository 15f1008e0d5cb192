/** The config dialect of wg-quick(8): that of wg(8), and how the system is to be set up around it. */

import { IpAddress, IpPrefix } from "../ip.ts";
import { isZeroKey } from "../keys.ts";
import { parseBindAddresses } from "../socket_binding.ts";
import { ConfigDocument } from "./document.ts";
import { quote } from "../hidden_keys.ts";
import { formatComplaint, raise } from "./error.ts";
import { applyExclusions, parseDisallowedIps } from "./exclusions.ts";
import { isLinkName } from "./interface_name.ts";
import { parseKeyFileName, refuseTwoKeys } from "./key_files.ts";
import {
  EVENT_HOOK_KEYS,
  type EventHookKey,
  type QuickKey,
  type WgtsInterfaceKey,
} from "./keys.ts";
import { QUICK_PEER_READERS } from "./peers.ts";
import {
  type ConfigOptions,
  readSections,
  type SettingReader,
  type SettingReaders,
} from "./sections.ts";
import type { QuickConfig, QuickInterfaceConfig, RoutingTable } from "./types.ts";
import { parseDecimal, parseKeepalive, parsePrefix, readItems, ValueError } from "./values.ts";
import { WG_INTERFACE_READERS } from "./wg.ts";

/** Bytes of the smallest MTU a TUN device takes, and of the largest. */
const MIN_MTU = 68, MAX_MTU = 65535;

const READERS: [QuickKey | WgtsInterfaceKey, SettingReader<QuickInterfaceConfig>][] = [
  ["Address", (config, { valueText }) => {
    readItems(splitList(valueText), (item) => addAddress(config.addresses, parsePrefix(item)));
  }],
  ["DNS", (config, { valueText }) => {
    readItems(splitList(valueText), (item) => addDns(config.dns, item));
  }],
  ["MTU", (config, { valueText }) => {
    const mtu = parseMtu(valueText);
    if (mtu === null) delete config.mtu;
    else config.mtu = mtu;
  }],
  ["Table", (config, { valueText, number }) => config.table = parseTable(valueText, number)],
  ["PreUp", hookReader("preUp")],
  ["PostUp", hookReader("postUp")],
  ["PreDown", hookReader("preDown")],
  ["PostDown", hookReader("postDown")],
  ["SaveConfig", (config, { valueText }) => config.saveConfig = parseBoolean(valueText)],
  ["ReresolveInterval", (config, { value }) => config.reresolveInterval = parseKeepalive(value)],
  ["BindAddress", (config, { valueText }) => {
    const addresses = readBindAddresses(valueText);
    if (addresses.length > 0) config.bindAddresses = addresses;
    else delete config.bindAddresses;
  }],
  ["BindInterface", (config, { valueText }) => {
    if (valueText === "") delete config.bindInterface;
    else if (isLinkName(valueText)) config.bindInterface = valueText;
    else throw new ValueError("expected the name of a network interface");
  }],
  ["PrivateKeyFile", (config, line) => config.privateKeyFile = parseKeyFileName(line)],
  ["DisallowedIPs", (config, { value }, { warn }) => {
    config.disallowedIps = [...config.disallowedIps ?? [], ...parseDisallowedIps(value, warn)];
  }],
  ...EVENT_HOOK_KEYS.map(eventHookReader),
];

const QUICK_INTERFACE_READERS: SettingReaders<QuickInterfaceConfig> = new Map([
  ...WG_INTERFACE_READERS,
  ...READERS,
]);

/**
 * Parses a config of the wg-quick(8) dialect; `file` names it in messages. Throws ConfigError at the
 * first line that is wrong. What is odd but valid is among the result's `warnings`.
 */
export function parseQuickConfig(
  text: string,
  file: string,
  options: ConfigOptions = {},
): QuickConfig {
  return readQuickConfig(ConfigDocument.parse(text, file, options.refuse), options);
}

/** Reads what the lines of `document` mean, as {@linkcode parseQuickConfig} does. */
export function readQuickConfig(
  document: ConfigDocument,
  options: ConfigOptions = {},
): QuickConfig {
  const target: QuickInterfaceConfig = {
    addresses: [],
    dns: { servers: [], search: [] },
    table: "auto",
    preUp: [],
    postUp: [],
    preDown: [],
    postDown: [],
    saveConfig: false,
  };
  const readers = QUICK_INTERFACE_READERS;
  const config = readSections(document, target, readers, QUICK_PEER_READERS, options);
  const { file } = document;
  applyExclusions(config, file);
  refuseTwoKeys(config, document, options.refuse ?? raise);
  const isWithoutKey = target.privateKey === undefined || isZeroKey(target.privateKey);
  if (isWithoutKey && target.privateKeyFile === undefined) {
    const message = formatComplaint({ file, line: 0 }, "no PrivateKey: no peer can be reached");
    config.warnings.push({ file, line: 0, message });
  }
  return config;
}

/** A hook's text with every `%i` replaced by the interface's name. */
export function expandHook(hook: string, interfaceName: string): string {
  return hook.replaceAll("%i", () => interfaceName);
}

/** An item of Address or DNS: what stands between commas and white space. */
export const LIST_ITEM = /[^,\t-\r ]+/g;

function splitList(text: string): string[] {
  return text.match(LIST_ITEM) ?? [];
}

/** What Linux refuses: the unspecified, the loopback and multicast addresses of IPv6. */
const UNASSIGNABLE = ["::/127", "ff00::/8"].flatMap((text) => IpPrefix.parse(text) ?? []);

function addAddress(addresses: IpPrefix[], prefix: IpPrefix): void {
  if (addresses.some((other) => other.equals(prefix))) {
    throw new ValueError(`${prefix} is given twice`);
  }
  if (UNASSIGNABLE.some((range) => range.contains(prefix.address))) {
    throw new ValueError(`${prefix.address} can't be an address of an interface`);
  }
  addresses.push(prefix);
}

/** As wg-quick tells them apart: digits and dots, or a colon, make a server. */
function addDns(dns: QuickInterfaceConfig["dns"], text: string): void {
  if (!/^[0-9.]+$|:/.test(text)) {
    if (!/^[A-Za-z0-9._~-]+$/.test(text)) {
      throw new ValueError(`${quote(text)} is neither an IP address nor a search domain`);
    }
    dns.search.push(text);
    return;
  }
  const server = IpAddress.parse(text);
  if (server === null) throw new ValueError(`${quote(text)} is not an IP address`);
  dns.servers.push(server);
}

function readBindAddresses(text: string): IpAddress[] {
  try {
    return parseBindAddresses(text);
  } catch (error) {
    throw new ValueError(error instanceof Error ? error.message : String(error));
  }
}

/** Null, to be discovered, for "". */
function parseMtu(text: string): number | null {
  if (text === "") return null;
  const mtu = parseDecimal(text, MAX_MTU);
  if (mtu === null || mtu < MIN_MTU) {
    throw new ValueError(`expected ${MIN_MTU} to ${MAX_MTU} bytes`);
  }
  return mtu;
}

function parseTable(text: string, line: number): RoutingTable {
  if (text === "" || text === "auto") return "auto";
  if (text === "off") return "off";
  if (/^[0-9]/.test(text)) {
    const table = /^0x[0-9a-f]+$/i.test(text) ? Number(text) : parseDecimal(text, 0xffff_ffff);
    // iproute2 reads 010 as octal, which nobody means.
    const ambiguous = /^0[0-9]/.test(text);
    if (table !== null && table > 0 && table <= 0xffff_ffff && !ambiguous) return table;
  } else if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) && !/^(auto|off)$/i.test(text)) {
    return { name: text, line };
  }
  throw new ValueError("expected auto, off, 1 to 4294967295 or a name of rt_tables");
}

function hookReader(hook: "preUp" | "postUp" | "preDown" | "postDown") {
  return (config: QuickInterfaceConfig, { rawText }: { readonly rawText: string }) => {
    if (rawText !== "") config[hook].push(rawText);
  };
}

function eventHookReader(
  key: EventHookKey,
): [EventHookKey, SettingReader<QuickInterfaceConfig>] {
  return [key, (config, { rawText }) => {
    if (rawText === "") return;
    const earlier = config.eventHooks ?? {};
    config.eventHooks = { ...earlier, [key]: [...earlier[key] ?? [], rawText] };
  }];
}

function parseBoolean(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower !== "true" && lower !== "false") throw new ValueError("expected true or false");
  return lower === "true";
}
