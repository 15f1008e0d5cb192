import {
  CONFIG_DIRECTORY,
  type ConfigLocation,
  configPathFor,
  locateConfig,
} from "../../core/config/interface_name.ts";
import { readKeyFiles } from "../../core/config/key_files.ts";
import { parseQuickConfig } from "../../core/config/quick.ts";
import type { QuickConfig } from "../../core/config/types.ts";
import { isZeroKey } from "../../core/keys.ts";
import { keyFilePlaces, readConfigKey } from "./config_keys.ts";
import { servicePort } from "./services.ts";
import { isWorldAccessible } from "./world_access.ts";

/** What an argument of `up` or `down` means, by wg-quick(8)'s rules. */
export function requireLocation(argument: string): ConfigLocation {
  const location = locateConfig(argument);
  if (location !== null) return location;
  if (!isThere(argument)) throw new MissingConfigError(argument);
  throw new Error("The config file must be a valid interface name, followed by .conf");
}

/** There is no such config. */
export class MissingConfigError extends Error {
  override readonly name = "MissingConfigError";

  constructor(path: string) {
    super(`\`${path}' does not exist${hint(path)}`);
  }
}

/** What was probably meant by a name that is that of a file, such as wg0.conf; else "". */
function hint(path: string): string {
  const argument = path.slice(CONFIG_DIRECTORY.length + 1, -".conf".length);
  if (!argument.endsWith(".conf") || path !== configPathFor(argument)) return "";
  const name = argument.slice(0, -".conf".length);
  const choices = [
    ...(isThere(configPathFor(name)) ? [name] : []),
    ...(isThere(`./${argument}`) ? [`./${argument}`] : []),
  ];
  return choices.length === 0 ? "" : `: did you mean ${choices.join(" or ")}?`;
}

/** A config's file, read. */
export interface ConfigFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its absolute path, symbolic links resolved. */
  readonly path: string;
}

/**
 * Reads the config at `path`, and complains about it by `warn` where it is odd. The keys in files that it
 * names are read too, unless `withKeys` is false: whoever only wants its commands must not fail for them.
 *
 * @returns it and its absolute path, symbolic links resolved
 * @throws MissingConfigError, ConfigError, Error when it can't be read
 */
export function readConfig(
  path: string,
  warn: (line: string) => void,
  { withKeys = true }: { readonly withKeys?: boolean } = {},
): { config: QuickConfig; path: string } {
  const { bytes, path: real } = readConfigFile(path, warn);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const config = parseQuickConfig(text, real, { servicePort });
  for (const { message } of config.warnings) warn(`Warning: ${message}`);
  if (withKeys) readKeys(config, real, warn);
  return { config, path: real };
}

function readKeys(config: QuickConfig, path: string, warn: (line: string) => void): void {
  const places = keyFilePlaces(path);
  readKeyFiles(config, path, (file) => {
    const { key, path: keyPath, isWorldAccessible } = readConfigKey(file, places);
    if (isWorldAccessible) warn(`Warning: ${keyPath} is world accessible`);
    if (file === config.interface.privateKeyFile && isZeroKey(key)) {
      warn(`Warning: ${path}:${file.line}: ${keyPath} holds no key: no peer can be reached`);
    }
    return key;
  });
}

/**
 * Reads the file of the config at `path`, and complains by `warn` when everybody may access it.
 *
 * @throws MissingConfigError, Error when it can't be read
 */
export function readConfigFile(path: string, warn: (line: string) => void): ConfigFile {
  if (!isThere(path)) throw new MissingConfigError(path);
  const { real, isOpen, bytes } = readable(path, () => {
    const real = Deno.realPathSync(path);
    return { real, isOpen: isWorldAccessible(real), bytes: Deno.readFileSync(real) };
  });
  if (isOpen) warn(`Warning: \`${real}' is world accessible`);
  return { bytes, path: real };
}

/** Whether there is a file at `path`, symbolic links followed. */
export function isThere(path: string): boolean {
  try {
    readable(path, () => Deno.statSync(path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

/** Lets `read` read the file at `path`, and tells in words why it can't. */
function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Error(`Cannot read ${path}: permission denied: run it as root (sudo wgts …)`);
    }
    if (error instanceof Deno.errors.IsADirectory) {
      throw new Error(`Cannot read ${path}: it is a directory`);
    }
    throw error;
  }
}
