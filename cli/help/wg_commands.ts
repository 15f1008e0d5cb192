/** The help of the commands of wg(8). */
import type { CommandHelps } from "./command_help.ts";

/** Usage of `setconf`, `addconf` and `syncconf`. */
const CONFIG_ARGUMENTS = "<interface> <configuration filename>";
/** Of commands that look up endpoints as `wg` does. */
const RESOLUTION_ENVIRONMENT = `\

Environment:
  WG_ENDPOINT_RESOLUTION_RETRIES
                    How often to try to resolve a peer's name; 15 or, for ever, infinity
`;

/** Those of wg(8), besides `show` and those for keys; each synopsis is that of its usage there. */
export const INTERFACE_COMMANDS: CommandHelps = {
  showconf: {
    synopsis: "showconf <interface>",
    summary: "Show an interface as the config that `setconf' takes",
    details: `\
Shows the current configuration of an interface, private and preshared keys included, as \`setconf'
takes it.
`,
  },
  set: {
    synopsis: "set <interface> [listen-port <port>] [fwmark <mark>] [private-key <file path>] " +
      "[peer <base64 public key> [remove] [preshared-key <file path>] [endpoint <ip>:<port>] " +
      "[persistent-keepalive <interval seconds>] " +
      "[allowed-ips <ip1>/<cidr1>[,<ip2>/<cidr2>]...] ]...",
    summary: "Change an interface: add peers, remove peers, or change peers",
    details: `\
Changes an interface. What isn't named stays as it is; a peer that isn't there is made. Keys are
read from files, so that nobody sees them; an empty one, such as /dev/null, stands for no key. A
mark and an interval may be \`off'. Allowed IPs replace those that the peer has, unless one is
written with + or -: then they are added and removed.
${RESOLUTION_ENVIRONMENT}`,
  },
  setconf: {
    synopsis: `setconf ${CONFIG_ARGUMENTS}`,
    summary: "Give an interface exactly the configuration in a file",
    details: `\
Gives an interface exactly what a file of the wg(8) dialect says: all that isn't in it goes, and so
do the sessions of all peers. \`wgts wg-quick strip' makes such a file of a wg-quick(8) config.
${RESOLUTION_ENVIRONMENT}`,
  },
  addconf: {
    synopsis: `addconf ${CONFIG_ARGUMENTS}`,
    summary: "Add the configuration in a file to an interface",
    details: `\
Adds what a file of the wg(8) dialect says to an interface; what isn't in it stays.
${RESOLUTION_ENVIRONMENT}`,
  },
  syncconf: {
    synopsis: `syncconf ${CONFIG_ARGUMENTS}`,
    summary: "As `setconf', but only what differs is changed, so that sessions live on",
    details: `\
Gives an interface what a file of the wg(8) dialect says, as \`setconf', without an interruption of
the sessions of peers that stay.
${RESOLUTION_ENVIRONMENT}`,
  },
};

/** Those of wg(8) for keys. */
export const KEY_COMMANDS: CommandHelps = {
  genkey: {
    synopsis: "genkey",
    summary: "Generate a new private key and write it to stdout",
    details: "",
  },
  genpsk: {
    synopsis: "genpsk",
    summary: "Generate a new preshared key and write it to stdout",
    details: "",
  },
  pubkey: {
    synopsis: "pubkey",
    summary: "Read a private key from stdin and write its public key to stdout",
    details: `\
Reads a private key from stdin and writes its public key to stdout:

  umask 077; wgts genkey | tee private.key | wgts pubkey >public.key
`,
  },
};
