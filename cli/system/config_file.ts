/** A config file that was found. */
export interface ConfigFile {
  /** The interface's name: the file's name as given, without `.conf`. */
  readonly name: string;
  /** Absolute path, symbolic links resolved. */
  readonly path: string;
  /** What its owner should know, or "". */
  readonly warning: string;
}

const CONFIG_DIRECTORY = "/etc/wireguard";
const NAME = "[a-zA-Z0-9_=+.-]{1,15}";
/** Mode bits of others than owner and group. */
const WORLD = 0o007;

/** The file that an argument of `up` or `down` means: an interface's name or a path (wg-quick(8)). */
export function configPath(argument: string): string {
  return new RegExp(`^${NAME}$`).test(argument) ? `${CONFIG_DIRECTORY}/${argument}.conf` : argument;
}

/** The name of the interface that the config at `path` is for. */
export function interfaceName(path: string): string {
  const name = new RegExp(`(?:^|/)(${NAME})\\.conf$`).exec(path)?.[1];
  if (name === undefined) {
    throw new Error("The config file must be a valid interface name, followed by .conf");
  }
  return name;
}

/** Finds the config that an argument of `up` or `down` means. */
export function findConfig(argument: string): ConfigFile {
  const path = configPath(argument);
  if (!exists(path)) throw new Error(`\`${path}' does not exist`);
  const name = interfaceName(path);
  const real = Deno.realPathSync(path);
  const shared = mode(real) & mode(real.slice(0, real.lastIndexOf("/")) || "/") & WORLD;
  return { name, path: real, warning: shared === 0 ? "" : `\`${real}' is world accessible` };
}

function exists(path: string): boolean {
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
