/** What `up` and `down` are given: the name of an interface or the path of its config. */

/** Where configs are looked for by name. */
export const CONFIG_DIRECTORY = "/etc/wireguard";

/** Bytes of an interface's name and the zero behind it (linux/if.h). */
const IFNAMSIZ = 16;
const NAME = "[a-zA-Z0-9_=+.-]{1,15}";
const WHOLE_NAME = new RegExp(`^${NAME}$`);
const PATH_OF_CONFIG = new RegExp(`(?:^|/)(${NAME})\\.conf$`);

/** Whether wg-quick takes `text` for the name of an interface (at most IFNAMSIZ - 1 bytes). */
export function isInterfaceName(text: string): boolean {
  return WHOLE_NAME.test(text);
}

/** Whether Linux takes `text` for the name of an interface, whoever made it. */
export function isLinkName(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  return bytes.length > 0 && bytes.length < IFNAMSIZ && isPossibleDevice(text) &&
    bytes.every((byte) => !NO_LINK_BYTES.includes(byte));
}

/** NUL, `/`, `:` and what the kernel takes for space: it reads names as Latin-1. */
const NO_LINK_BYTES: readonly number[] = [0, 0x2f, 0x3a, 0x20, 9, 10, 11, 12, 13, 0xa0];

/** A config and the interface that it is for. */
export interface ConfigLocation {
  /** Path of the config; symbolic links aren't resolved. */
  readonly path: string;
  /** Name of the interface: that of the path as given, whatever a link leads to. */
  readonly name: string;
}

/**
 * What an argument means, by wg-quick's rule: whatever looks like a name is one, so `wg0.txt` means
 * /etc/wireguard/wg0.txt.conf; all else is a path that ends in `NAME.conf`. Null when it is neither.
 */
export function locateConfig(argument: string): ConfigLocation | null {
  const path = isInterfaceName(argument) ? configPathFor(argument) : argument;
  const name = PATH_OF_CONFIG.exec(path)?.[1];
  return name === undefined || !isPossibleDevice(name) ? null : { path, name };
}

/** Path of the config of the interface `name`. */
export function configPathFor(name: string): string {
  return `${CONFIG_DIRECTORY}/${name}.conf`;
}

/** Linux has no devices of these names. */
function isPossibleDevice(name: string): boolean {
  return name !== "." && name !== "..";
}
