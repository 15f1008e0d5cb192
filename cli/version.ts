import configuration from "../deno.json" with { type: "json" };

/** The version of wgts, as deno.json has it. */
export const VERSION: string = configuration.version;

/** The version of wireguard-tools whose behaviour `wg` and `wg-quick` have here. */
export const WIREGUARD_TOOLS_VERSION = "1.0.20260223";

/** The version of wireguard-go whose command line `wireguard-go` has here. */
export const WIREGUARD_GO_VERSION = "0.0.20250522";

/** The text of `wgts --version`. */
export function versionLine(): string {
  return `wgts v${VERSION} - WireGuard in one executable`;
}
