/** Where the control sockets of all userspace implementations are (wireguard.com/xplatform). */
export const CONTROL_DIRECTORY = "/var/run/wireguard";

/** The control socket of the interface `name`. */
export function controlSocketPath(name: string): string {
  return `${CONTROL_DIRECTORY}/${name}.sock`;
}
