/** The grammar that all config dialects share: sections, and settings that each section knows. */

import type { ConfigDocument, SectionLine, SettingLine } from "./document.ts";
import { quote } from "../hidden_keys.ts";
import {
  ConfigError,
  type ConfigErrorDetails,
  type ConfigWarning,
  formatComplaint,
  raise,
  type Refuse,
} from "./error.ts";
import {
  asciiLowerCase,
  findName,
  INTERFACE_KEYS,
  nearestName,
  PEER_KEYS,
  QUICK_KEYS,
  SECTION_NAMES,
  type SectionName,
} from "./keys.ts";
import { formatKey } from "../keys.ts";
import { readPeerNames } from "./peer_names.ts";
import { mergePeers, type PeerSection } from "./peers.ts";
import type { WgConfig, WgInterfaceConfig } from "./types.ts";
import { type ServicePort, ValueError } from "./values.ts";

/** How a config is read. */
export interface ConfigOptions {
  /** Looks up a service name given as a port; without it, ports are numbers. */
  readonly servicePort?: ServicePort;
  /** Is told of every mistake. Without it, the first one is thrown. */
  readonly refuse?: Refuse;
}

/** What the reader of a setting may need beside its line. */
export interface SettingContext {
  /** Looks up the port of a service name. */
  readonly servicePort: ServicePort;
  /** Tells of something odd in the line that is being read. */
  warn(problem: string): void;
}

/** Reads the value of one key into `target`. Throws {@linkcode ValueError} saying what was expected. */
export type SettingReader<T> = (target: T, line: SettingLine, context: SettingContext) => void;

/** The readers of a section's keys, by their canonical names. */
export type SettingReaders<T> = ReadonlyMap<string, SettingReader<T>>;

/**
 * Reads the `[Interface]` sections with `readers` into `target`, and the `[Peer]` sections with
 * `peerReaders`.
 *
 * Repeated `[Interface]` sections are one; of a repeated key the last counts, unless it is a list.
 * Throws {@linkcode ConfigError} at the first line that is wrong, unless `options` say otherwise.
 */
export function readSections<I extends WgInterfaceConfig>(
  document: ConfigDocument,
  target: I,
  readers: SettingReaders<I>,
  peerReaders: SettingReaders<PeerSection>,
  options: ConfigOptions,
): WgConfig & { readonly interface: I } {
  const warnings: ConfigWarning[] = [];
  const warn = (line: number, problem: string) => {
    const position = { file: document.file, line };
    warnings.push({ ...position, message: formatComplaint(position, problem) });
  };
  const { servicePort = () => null, refuse = raise } = options;
  const peers: PeerSection[] = [];
  const interfaceKeys = keysOf(readers), peerKeys = keysOf(peerReaders);
  let readSetting: ((line: SettingLine) => void) | null = null;

  for (const line of document.lines) {
    if (line.kind === "blank") continue;
    if (line.kind === "other") {
      // The line may be a piece of a key, so it isn't repeated.
      const problem = "expected [Interface], [Peer] or KEY = VALUE";
      refuse(new ConfigError(document.position(line), problem, { code: "not-a-setting" }));
      continue;
    }
    if (line.kind === "section") {
      const section = findName(line.name, SECTION_NAMES);
      if (section === null) {
        refuse(unknownSection(document, line));
        readSetting = () => {};
      } else if (section === "Interface") {
        readSetting = (line) => read(line, "Interface", interfaceKeys, target);
      } else {
        const peer: PeerSection = { line: line.number, changes: [] };
        peers.push(peer);
        readSetting = (line) => read(line, "Peer", peerKeys, peer);
      }
      continue;
    }
    if (readSetting === null) {
      const problem = `${quoteKey(line.key)} stands before any section`;
      const details = { code: "outside-section", help: "expected [Interface]" } as const;
      refuse(new ConfigError(document.position(line), problem, details));
      continue;
    }
    readSetting(line);
  }

  function read<T>(line: SettingLine, section: SectionName, keys: Keys<T>, target: T) {
    const found = keys.get(asciiLowerCase(line.key));
    if (found === undefined) {
      const known = [...keys.values()].map(({ key }) => key);
      const problem = `unknown key ${quoteKey(line.key)} in [${section}]`;
      const details = adviseOnKey(line.key, section, known);
      return refuse(new ConfigError(document.position(line), problem, details));
    }
    const { key, reader } = found;
    try {
      reader(target, line, { servicePort, warn: (problem) => warn(line.number, problem) });
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const value = KEYS_OF_KEYS.has(key) ? "" : ` ${quote(line.valueText)}`;
      for (const { message: help, item } of [error, ...error.others]) {
        const problem = `cannot parse ${key}${value}`;
        refuse(new ConfigError(document.position(line, key), problem, { help, item }));
      }
    }
  }

  const merged = mergePeers(peers, document.file, warn, refuse);
  const names = readPeerNames(document);
  for (const peer of merged) {
    const name = names.get(formatKey(peer.publicKey));
    if (name !== undefined) peer.name = name;
  }
  return { interface: target, peers: merged, warnings };
}

/** The keys of a section, to be found by their lowercase names. */
type Keys<T> = ReadonlyMap<string, { readonly key: string; readonly reader: SettingReader<T> }>;

function keysOf<T>(readers: SettingReaders<T>): Keys<T> {
  return new Map([...readers].map(([key, reader]) => [asciiLowerCase(key), { key, reader }]));
}

function unknownSection(document: ConfigDocument, line: SectionLine): ConfigError {
  const nearest = nearestName(line.name, SECTION_NAMES);
  const help = nearest === null ? "expected [Interface] or [Peer]" : `did you mean [${nearest}]?`;
  const name = line.name.length <= 20
    ? quote(`[${line.name}]`)
    : `of ${line.name.length} characters`;
  const details = { code: "unknown-section", help } as const;
  return new ConfigError(document.position(line), `unknown section ${name}`, details);
}

/** Keys whose wrong values no message repeats: they may be secrets. */
export const KEYS_OF_KEYS: ReadonlySet<string> = new Set([
  "PrivateKey",
  "PresharedKey",
  "PublicKey",
]);

/** What may be meant by a key that a section doesn't have. */
function adviseOnKey(
  key: string,
  section: SectionName,
  known: readonly string[],
): ConfigErrorDetails {
  const isOf = (keys: readonly string[]) => findName(key, keys) !== null;
  const [own, others, elsewhere] = section === "Peer"
    ? [PEER_KEYS, INTERFACE_KEYS, "Interface"]
    : [INTERFACE_KEYS, PEER_KEYS, "Peer"];
  if (isOf(own)) {
    const help = isOf(QUICK_KEYS) ? "it is wg-quick's" : "it is that of a tunnel's config";
    return { code: "misplaced-key", help };
  }
  if (isOf(others)) return { code: "misplaced-key", help: `it belongs to [${elsewhere}]` };
  const code = "unknown-key";
  const nearest = nearestName(key, known);
  if (nearest !== null) return { code, help: `did you mean ${nearest}?` };
  const other = nearestName<string>(key, others);
  if (other !== null) return { code, help: `did you mean ${other} of [${elsewhere}]?` };
  return { code, help: `expected one of ${known.join(", ")}` };
}

/**
 * Quotes what should be the name of a key. What doesn't look like one may be a piece of a secret that
 * went astray, and is only described.
 */
function quoteKey(key: string): string {
  const nearest = nearestName(key, [...INTERFACE_KEYS, ...PEER_KEYS]);
  const looksLikeName = nearest !== null || key.length <= 8 || /^[A-Za-z_-]{1,20}$/.test(key);
  return looksLikeName ? quote(key) : `of ${key.length} characters`;
}
