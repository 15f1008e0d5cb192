import { printError } from "../output.ts";
import { ownScript } from "../own_script.ts";

const PROGRAM = "wg-quick";

/** `wg-quick { up | down | save | strip } { CONFIG_FILE | INTERFACE }`, with those commands of wgts. */
export async function main(args: string[]): Promise<number> {
  const [verb = "", operand = ""] = args;
  if (args.length === 1 && ["--help", "-h", "help"].includes(verb)) {
    printError(USAGE);
    return 0;
  }
  if (args.length !== 2 || !["up", "down", "save", "strip"].includes(verb)) {
    printError(USAGE);
    return 1;
  }
  if (Deno.uid() !== 0) return await becomeRoot(args);
  switch (verb) {
    case "up":
      return await (await import("./up.ts")).main([`--backend=${backend()}`, "--", operand]);
    case "down":
      return await (await import("./down.ts")).main(["--", operand]);
    case "save":
      return await (await import("./save.ts")).main(["--", operand]);
    default:
      return (await import("./strip.ts")).main(["--", operand]);
  }
}

/** As wg-quick does: the kernel where it has WireGuard. */
function backend(): string {
  return Deno.env.get("WGTS_BACKEND") || "auto";
}

/** Runs the same by sudo(8), as wg-quick does, and gives its exit code. */
async function becomeRoot(args: readonly string[]): Promise<number> {
  const script = ownScript();
  const runtime = script === null ? [] : ["run", "-A", "--quiet", script];
  const prompt = `${PROGRAM} must be run as root. ` +
    "Please enter the password for %u to continue: ";
  try {
    const { code } = await new Deno.Command("sudo", {
      args: ["-p", prompt, "--", Deno.execPath(), ...runtime, PROGRAM, ...args],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    return code;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    printError(`${PROGRAM}: must be run as root: there is no sudo to do it`);
    return 127;
  }
}

const USAGE = `\
Usage: ${PROGRAM} [ up | down | save | strip ] [ CONFIG_FILE | INTERFACE ]

  CONFIG_FILE is a configuration file, whose filename is the interface name
  followed by \`.conf'. Otherwise, INTERFACE is an interface name, with
  configuration found at /etc/wireguard/INTERFACE.conf. It is to be readable
  by wg(8)'s \`setconf' sub-command, with the exception of the following additions
  to the [Interface] section, which are handled by ${PROGRAM}:

  - Address: may be specified one or more times and contains one or more
    IP addresses (with an optional CIDR mask) to be set for the interface.
  - DNS: an optional DNS server to use while the device is up.
  - MTU: an optional MTU for the interface; if unspecified, auto-calculated.
  - Table: an optional routing table to which routes will be added; if
    unspecified or \`auto', the default table is used. If \`off', no routes
    are added.
  - PreUp, PostUp, PreDown, PostDown: script snippets which will be executed
    by bash(1) at the corresponding phases of the link, most commonly used
    to configure DNS. The string \`%i' is expanded to INTERFACE.
  - SaveConfig: if set to \`true', the configuration is saved from the current
    state of the interface upon shutdown.

See wg-quick(8) for more info and examples.`;
