import { VERSION } from "./version.ts";

/** The text of `wgts --help`. */
export function usage(): string {
  return `Usage: wgts <cmd> [<args>]

Tunnels:
  up [--foreground] [--dry-run] [--strict] NAME | FILE.conf
                     Bring up the interface that /etc/wireguard/NAME.conf or FILE.conf describes
  down [--dry-run] NAME | FILE.conf
                     Take it down again and undo all that \`up\` did
  run [--foreground] NAME
                     Only create the interface NAME and serve it (like \`wireguard-go NAME\`);
                     configure it with \`wg\`
  show               Show the current configuration and device information (like \`wg show\`)

Keys:
  genkey             Generate a new private key and write it to stdout
  genpsk             Generate a new preshared key and write it to stdout
  pubkey             Read a private key from stdin and write a public key to stdout

  --help, --version  This text; the version

You may pass \`--help' to any of these subcommands to view usage.
`;
}

/** The text of `wgts --version`. */
export function versionLine(): string {
  return `wgts v${VERSION} - WireGuard in one executable`;
}
