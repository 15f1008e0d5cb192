/** What `wg-quick strip` prints. */

import type { ConfigDocument } from "./document.ts";
import { publicKeyOf, sectionsOf } from "./edit.ts";
import {
  asciiLowerCase,
  QUICK_KEYS,
  type QuickKey,
  WGTS_INTERFACE_KEYS,
  WGTS_PEER_KEYS,
  type WgtsInterfaceKey,
  type WgtsPeerKey,
} from "./keys.ts";
import { formatKey, isZeroKey } from "../keys.ts";
import type { KeyFileName, QuickConfig, WgPeerConfig } from "./types.ts";

/** Keys of `[Interface]` that `wg` doesn't know, in lower case. */
const INTERFACE_KEYS = lowerCase<QuickKey | WgtsInterfaceKey>(QUICK_KEYS, WGTS_INTERFACE_KEYS);
/** Keys of `[Peer]` that `wg` doesn't know, in lower case. */
const PEER_KEYS = lowerCase<WgtsPeerKey>(WGTS_PEER_KEYS);

/** What stands in the place of lines in a stripped config, by their numbers from 1; null is nothing. */
export type Replacements = ReadonlyMap<number, string | null>;

/**
 * Takes out of the config `text` what only wg-quick(8) and wgts read, and leaves the rest, comments
 * too, as it is but for the spaces around each line. By the script's own rules, which differ from
 * `wg`'s: names have no spaces inside. Ends with an empty line more, as its output does.
 *
 * @param text its bytes, one character each
 * @param replacements of lines; see {@linkcode replacementsIn}
 * @throws Error in wg-quick's words when `SaveConfig` is neither true nor false
 */
export function stripQuickConfig(
  text: string,
  replacements: Replacements = new Map(),
): string {
  const kept: string[] = [];
  let left: ReadonlySet<string> = NOTHING;
  for (const [index, line] of readLines(text).entries()) {
    // What has no "=" is both key and value.
    const content = line.split("#", 1)[0] ?? "";
    const equals = content.indexOf("=");
    const key = trim(equals < 0 ? content : content.slice(0, equals)).toLowerCase();
    if (key.startsWith("[")) left = LEFT_OUT.get(key) ?? NOTHING;
    const replacement = replacements.get(index + 1);
    if (replacement !== undefined) {
      if (replacement !== null) kept.push(`${replacement}\n`);
    } else if (left.has(key)) {
      if (key === "saveconfig") requireBoolean(trim(content.slice(equals + 1)));
    } else {
      kept.push(`${line}\n`);
    }
  }
  return `${kept.join("")}\n`;
}

const NOTHING: ReadonlySet<string> = new Set();
/** The keys that are left out, by their sections. */
const LEFT_OUT: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["[interface]", INTERFACE_KEYS],
  ["[peer]", PEER_KEYS],
]);

/** Whether what `wg` is to be told of a config isn't all in its own lines. */
export function needsReplacements(document: ConfigDocument): boolean {
  return sectionsOf(document).some(({ settings }) =>
    settings.some(({ key }) => REPLACED.has(asciiLowerCase(key)))
  );
}

/** Keys that other lines take the place of, in lower case. */
const REPLACED: ReadonlySet<string> = new Set([
  "privatekeyfile",
  "presharedkeyfile",
  "disallowedips",
]);

/**
 * What `wg` must be told in the place of lines of a config that only wgts understands: the keys in files,
 * since `wg` would take the key for none otherwise, and the allowed IPs that exclusions leave.
 *
 * @param config what `document` means, with those keys
 */
export function replacementsIn(document: ConfigDocument, config: QuickConfig): Replacements {
  const replacements = new Map<number, string | null>();
  const give = (key: string, file: KeyFileName | undefined, value: Uint8Array | undefined) => {
    if (file === undefined || value === undefined || isZeroKey(value)) return;
    replacements.set(file.line, `${key} = ${formatKey(value)}`);
  };
  give("PrivateKey", config.interface.privateKeyFile, config.interface.privateKey);
  for (const { presharedKeyFile, presharedKey } of config.peers) {
    give("PresharedKey", presharedKeyFile, presharedKey);
  }
  // Later claims take prefixes from earlier ones, so that all are written when one isn't as it was.
  if (config.peers.some(({ claimedIps }) => claimedIps !== undefined)) {
    for (const peer of config.peers) replaceAllowedIps(document, peer, replacements);
  }
  return replacements;
}

/** Makes the last line of a peer's AllowedIPs, of all its sections, tell all of them. */
function replaceAllowedIps(
  document: ConfigDocument,
  { publicKey, allowedIps }: WgPeerConfig,
  replacements: Map<number, string | null>,
): void {
  const own = formatKey(publicKey);
  const lines = sectionsOf(document).filter((section) => publicKeyOf(section) === own)
    .flatMap(({ settings }) => settings)
    .filter(({ key }) => asciiLowerCase(key) === "allowedips");
  for (const { number } of lines) replacements.set(number, null);
  const last = lines.at(-1);
  if (last === undefined || allowedIps.length === 0) return;
  replacements.set(last.number, `AllowedIPs = ${allowedIps.join(", ")}`);
}

function lowerCase<T extends string>(...lists: (readonly T[])[]): ReadonlySet<string> {
  return new Set(lists.flat().map(asciiLowerCase));
}

/** Lines as bash's `read` gives them: without NUL, and without spaces and tabs around them. */
function readLines(text: string): string[] {
  const lines = text.replaceAll("\0", "").split("\n");
  const trimmed = lines.map((line) => line.replace(/^[ \t]+|[ \t]+$/g, ""));
  // Only a last line that has something on it needs no newline.
  if (trimmed.at(-1) === "") trimmed.pop();
  return trimmed;
}

function requireBoolean(value: string): void {
  if (!/^(true|false)$/i.test(value)) throw new Error(`\`${value}' is neither true nor false`);
}

/** Trims what C calls space. */
function trim(text: string): string {
  return text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "");
}
