import { type ConfigLocation, locateConfig } from "../../core/config/interface_name.ts";
import { parseQuickConfig } from "../../core/config/quick.ts";
import type { QuickConfig } from "../../core/config/types.ts";
import { servicePort } from "./services.ts";

/** Mode bits of others than owner and group. */
const WORLD = 0o007;

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
    super(`\`${path}' does not exist`);
  }
}

/**
 * Reads the config at `path`, and complains about it by `warn` where it is odd.
 *
 * @returns it and its absolute path, symbolic links resolved
 * @throws MissingConfigError, ConfigError
 */
export function readConfig(
  path: string,
  warn: (line: string) => void,
): { config: QuickConfig; path: string } {
  if (!isThere(path)) throw new MissingConfigError(path);
  const real = Deno.realPathSync(path);
  const directory = real.slice(0, real.lastIndexOf("/")) || "/";
  if ((mode(real) & mode(directory) & WORLD) !== 0) {
    warn(`Warning: \`${real}' is world accessible`);
  }
  const config = parseQuickConfig(Deno.readTextFileSync(real), real, { servicePort });
  for (const { message } of config.warnings) warn(`Warning: ${message}`);
  return { config, path: real };
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

function mode(path: string): number {
  return Deno.statSync(path).mode ?? 0;
}
