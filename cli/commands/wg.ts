import { printError, writeStdout } from "../output.ts";
import { programName } from "../program_name.ts";
import { WIREGUARD_TOOLS_VERSION } from "../version.ts";

/** The subcommands of wg(8), in its order, as its usage tells them. */
const SUBCOMMANDS = [
  "show: Shows the current configuration and device information",
  "showconf: Shows the current configuration of a given WireGuard interface, for use with `setconf'",
  "set: Change the current configuration, add peers, remove peers, or change peers",
  "setconf: Applies a configuration file to a WireGuard interface",
  "addconf: Appends a configuration file to a WireGuard interface",
  "syncconf: Synchronizes a configuration file to a WireGuard interface",
  "genkey: Generates a new private key and writes it to stdout",
  "genpsk: Generates a new preshared key and writes it to stdout",
  "pubkey: Reads a private key from stdin and writes a public key to stdout",
];

/** `wg` with anything but one of its subcommands: help, its version, or a complaint. */
export function main(args: string[]): Promise<number> {
  const [word = "", ...more] = args;
  // With anything behind them, these too are subcommands that `wg` doesn't have.
  const alone = more.length === 0;
  if (alone && ["-v", "--version", "version"].includes(word)) {
    const version = `wireguard-tools v${WIREGUARD_TOOLS_VERSION}`;
    writeStdout(`${version} - https://git.zx2c4.com/wireguard-tools/\n`);
    return Promise.resolve(0);
  }
  if (alone && ["-h", "--help", "help"].includes(word)) {
    writeStdout(`${usage()}\n`);
    return Promise.resolve(0);
  }
  printError(`Invalid subcommand: \`${word}'\n${usage()}`);
  return Promise.resolve(1);
}

function usage(): string {
  return `\
Usage: ${programName()} <cmd> [<args>]

Available subcommands:
${SUBCOMMANDS.map((line) => `  ${line}\n`).join("")}\
You may pass \`--help' to any of these subcommands to view usage.`;
}
