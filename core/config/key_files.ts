/** Keys that are in files of their own, which a config only names. */

import { HIDDEN, quotePath, withoutKeys } from "../hidden_keys.ts";
import type { ConfigDocument, SettingLine } from "./document.ts";
import { ConfigError, raise, type Refuse } from "./error.ts";
import type { KeyFileName, QuickConfig } from "./types.ts";
import { ValueError } from "./values.ts";

/** Where the files are looked for that a config names. */
export interface KeyFilePlaces {
  /** The directory of the config. */
  readonly directory: string;
  /** Where systemd puts a service's credentials: `CREDENTIALS_DIRECTORY`, systemd.exec(5). */
  readonly credentials: string | null;
}

/**
 * The paths at which the file called `name` may be, the first of them first. A path is relative to the
 * config's directory; a bare name is that of a credential, if there is one.
 */
export function keyFilePaths(name: string, { directory, credentials }: KeyFilePlaces): string[] {
  if (name.startsWith("/")) return [name];
  const beside = `${directory === "/" ? "" : directory}/${name}`;
  const isBare = !name.includes("/") && name !== "." && name !== "..";
  return isBare && credentials !== null ? [`${credentials}/${name}`, beside] : [beside];
}

/** A file that holds no key, or can't be read. The message never holds any of what is in it. */
export class KeyFileError extends Error {
  /** Tells it from other errors. */
  override readonly name = "KeyFileError";
}

/** A key and the file that it was read from. */
export interface KeyInFile {
  /** 32 bytes in a backing store of their own; all zero for none. */
  readonly key: Uint8Array;
  /** The file's path as messages show it. */
  readonly path: string;
  /** Whether everybody may access it. */
  readonly isWorldAccessible: boolean;
}

/** How {@linkcode readKeyFiles} gets at the files. */
export type ReadKeyFile = (file: KeyFileName) => Uint8Array;

/**
 * Gives `config` the keys of the files that it names.
 *
 * @param file names the config in messages
 * @param read gives the key in a file, 32 bytes in a backing store of their own, all zero for none, or throws
 * {@linkcode KeyFileError}
 * @param refuse is told of each file that can't be used; by default, a ConfigError is thrown for the first
 */
export function readKeyFiles(
  config: QuickConfig,
  file: string,
  read: ReadKeyFile,
  refuse: Refuse = raise,
): void {
  const readAt = (key: string, name: KeyFileName): Uint8Array | null => {
    try {
      return read(name);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      const position = { file, line: name.line, key };
      const details = { code: "key-file", help: error.message } as const;
      refuse(new ConfigError(position, `cannot use ${key}`, details));
      return null;
    }
  };
  const { privateKeyFile } = config.interface;
  const privateKey = privateKeyFile && readAt("PrivateKeyFile", privateKeyFile);
  if (privateKey) config.interface.privateKey = privateKey;
  for (const peer of config.peers) {
    const { presharedKeyFile } = peer;
    const presharedKey = presharedKeyFile && readAt("PresharedKeyFile", presharedKeyFile);
    if (presharedKey) peer.presharedKey = presharedKey;
  }
}

/**
 * A path in a message about the file called `name`; what may be a key, written there by mistake, is
 * hidden.
 */
export function showKeyFile(name: string, path: string): string {
  const isPath = /^\.{0,2}\//.test(name);
  if (!isPath && withoutKeys(name) !== name) return HIDDEN;
  // A path is made of letters and slashes, as keys are: each part of it by itself.
  return quotePath(path.split("/").map(withoutKeys).join("/"));
}

/** A value that names a file. Throws {@linkcode ValueError} for none, and for a key. */
export function parseKeyFileName({ valueText: name, number }: SettingLine): KeyFileName {
  if (name === "") throw new ValueError("expected the path of a file");
  if (/^[A-Za-z0-9+/]{43}=$/.test(name)) {
    throw new ValueError("expected the path of a file that holds the key, not the key");
  }
  return { name, line: number };
}

/** Refuses keys that are given themselves and by a file. */
export function refuseTwoKeys(
  { interface: { privateKey, privateKeyFile }, peers }: QuickConfig,
  { file, lines }: ConfigDocument,
  refuse: Refuse,
): void {
  const check = (
    key: "PrivateKey" | "PresharedKey",
    value: Uint8Array | undefined,
    name: KeyFileName | undefined,
  ) => {
    if (value === undefined || name === undefined) return;
    const line = lines[name.line - 1];
    const column = line?.kind === "setting" ? line.column : undefined;
    const position = { file, line: name.line, column, key: `${key}File` };
    const details = { code: "two-keys", help: "leave one of them out" } as const;
    refuse(new ConfigError(position, `there are both ${key} and ${key}File`, details));
  };
  check("PrivateKey", privateKey, privateKeyFile);
  for (const { presharedKey, presharedKeyFile } of peers) {
    check("PresharedKey", presharedKey, presharedKeyFile);
  }
}
