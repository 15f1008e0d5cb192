/** What `--help` prints, of the program and of each command. */
import { DOCTOR_CHECKS } from "../core/doctor/finding.ts";
import { FINDING_CODES } from "../core/lint/finding.ts";
import { TUNNEL_EVENTS } from "../core/events/event.ts";
import { SHOW_FIELDS } from "../core/show/field_names.ts";
import type { CommandHelp, CommandHelps } from "./help/command_help.ts";
import { ENGINE_ENVIRONMENT, ENGINE_OPTIONS } from "./help/engine_options.ts";
import { DROP_IN_COMMANDS, OTHER_COMMANDS } from "./help/other_commands.ts";
import { INTERFACE_COMMANDS, KEY_COMMANDS } from "./help/wg_commands.ts";
import { programName } from "./program_name.ts";

/** Of commands that work on a tunnel that stands. */
const NETNS_OPTION = `\
      --netns=NAME  The tunnel is in the network namespace NAME
`;

/** Each code on a line of its own, as wide as a list of options. */
const FINDINGS = Object.entries(FINDING_CODES)
  .map(([code, [severity, meaning]]) => `  ${code.padEnd(26)} ${severity.padEnd(7)} ${meaning}\n`)
  .join("");

/** What configs may have beside the keys of wg-quick(8). */
const CONFIG_KEYS = `\

Keys of configs that wg-quick(8) doesn't have:
  PrivateKeyFile    [Interface]: the file that holds the private key, in place of PrivateKey. A
                    relative path is one from the config's directory; a bare name is first that of
                    a credential of the systemd service (LoadCredential=, systemd.exec(5)). Nothing
                    in it, or a key of zeros, is no key. \`save' changes neither it nor this line
  PresharedKeyFile  [Peer]: the same for PresharedKey
  DisallowedIPs     [Peer] or, for all peers, [Interface]: prefixes to take out of AllowedIPs. The
                    interface gets what is left, as few prefixes as that can be. A default route
                    stays one, with its mark, rules, firewall and the unreachable route for when the
                    engine is gone; what is excluded takes the routes outside of the tunnel
  FallbackEndpoints [Peer]: where to look for the peer as well, HOST:PORT, with commas between. When
                    two handshake initiations, ten seconds, stay unanswered, the Endpoint's name is
                    looked up again and its addresses are tried in turn, then these, and so on; what
                    answers is kept. The lookups leave outside of the tunnel, with its mark, and go
                    to the name servers that the system had before \`up'
  ReresolveInterval [Interface]: look the names of endpoints up every so many seconds, too, and
                    follow them, unless a peer has roamed; or off, the default
  BindAddress       [Interface]: as --bind-address
  BindInterface     [Interface]: as --bind-interface
  OnHandshake, OnRoam, OnSessionExpired, OnReresolve
                    [Interface]: commands for what happens to peers, like PostUp, each as often as
                    wanted: a completed handshake, a new endpoint of a peer's, the end of all its
                    keys, another address of its name. They run one after the other, in a process
                    that \`up' leaves in the background; the interface never waits for them. They
                    are told what happened in the environment: WGTS_EVENT (see \`wgts help events'),
                    WGTS_INTERFACE, WGTS_PEER (its public key), WGTS_PEER_NAME, WGTS_ENDPOINT,
                    WGTS_OLD_ENDPOINT, WGTS_ENDPOINT_NAME, WGTS_ROLE (of a handshake); quote these
                    ("$WGTS_PEER_NAME"), others may have chosen them. 256 events wait for their
                    commands at most. Changes in the file count from the next event on
`;

/** Likewise. */
const CHECKS = Object.entries(DOCTOR_CHECKS)
  .map(([check, meaning]) => `  ${check.padEnd(17)} ${meaning}\n`)
  .join("");

const EVENTS = Object.entries(TUNNEL_EVENTS)
  .map(([type, meaning]) => `  ${type.padEnd(20)} ${meaning}\n`)
  .join("");

const TUNNEL_COMMANDS: CommandHelps = {
  up: {
    synopsis: "up [--foreground] [--dry-run] [--strict] [--backend=WHICH] [--netns=NAME] " +
      "[--birth-netns=NAME] [<engine options>] NAME | FILE.conf",
    summary: "Bring up the tunnel of a wg-quick(8) config",
    details: `\
Brings up the tunnel that /etc/wireguard/NAME.conf or FILE.conf describes: creates the
interface, sets keys, peers, addresses, MTU, DNS servers and routes, and runs the PreUp and
PostUp commands. Prints each step to stderr. Returns when the tunnel is ready; from then on a
process in the background serves it and logs to journald or syslog.

DNS servers are given to systemd-resolved where /etc/resolv.conf leads to it, else to the
program resolvconf where there is one; else \`up' writes /etc/resolv.conf itself. The line that
it prints tells which, and why. With domains like ~corp.example and no others in DNS, only names
in these are asked of the tunnel's servers: systemd-resolved can do that.

  -f, --foreground  Stay until SIGINT, SIGTERM or SIGHUP, then take the tunnel down; log to
                    stderr. For containers, also as process 1, and for systemd (Type=notify)
      --dry-run     Only print the steps
      --strict      Fail, instead of warn, where the system refuses a step that the tunnel can
                    live without, when the clock was never set, and when the name of an endpoint
                    has no address
      --backend=WHICH
                    Who serves the interface: userspace (an engine of wgts, the default: the same
                    on every host, with a log and all of \`wgts status'), kernel (its WireGuard:
                    faster, and no process; engine options say nothing then), or auto (the kernel
                    where it has WireGuard, else userspace: as wg-quick, and the default when
                    called by that name)
      --netns=NAME  Have the interface, its addresses and routes in the network namespace NAME (of
                    ip-netns(8), or a path such as /proc/PID/ns/net), and its UDP sockets here: what
                    runs there has no way out but the tunnel. Commands of the config run there too
      --birth-netns=NAME
                    Have the UDP sockets in the network namespace NAME, and look up peers' names
                    there, whether or not the interface is here
${ENGINE_OPTIONS}
Environment:
  WGTS_BACKEND      As --backend
  LOG_LEVEL         silent, error, info (the default), or verbose: handshakes and roaming too
  WG_ENDPOINT_RESOLUTION_RETRIES
                    How often to try to resolve a peer's name; 15 or, for ever, infinity
${ENGINE_ENVIRONMENT}${CONFIG_KEYS}`,
  },
  down: {
    synopsis: "down [--dry-run] [--netns=NAME] NAME | FILE.conf",
    summary: "Take a tunnel down and undo all that `up' did",
    details: `\
Runs the PreDown and PostDown commands and undoes what \`up' did, according to the journal that
\`up' wrote: also when \`up' was killed halfway, or the process that served the tunnel.

      --dry-run     Only print the steps
${NETNS_OPTION}`,
  },
  reload: {
    synopsis: "reload [--dry-run] [--strict] [--netns=NAME] [--birth-netns=NAME] NAME | FILE.conf",
    summary: "Make a running tunnel what its config has become",
    details: `\
Compares the config with the running tunnel and changes what differs, so that it becomes what a
fresh \`up' would make of it. Peers that stay as they are keep their sessions and lose no packet;
no packet leaks past a default route that stays. If anything is wrong with the config, or a step
fails, the tunnel is as it was before. Prints each step to stderr.

Keys, peers and allowed IPs are changed as by \`wg syncconf': peers that aren't in the config go.
An endpoint is set when the config names another one than before: a peer that roamed stays where
it is. A name that has no address is a warning, and looked up again and again. ListenPort and
FwMark stay as they are when the config doesn't name them. Addresses and routes go only if \`up'
or an earlier reload made them; new addresses come behind those that stay.
Without MTU in the config it is found anew. DNS, Table and the default routes with their rules and
firewall follow the config too.

No command is run: PreUp and PostUp, which few could repeat, take effect with the next \`up', and
so do BindAddress and BindInterface (a warning says when they have changed); PreDown, PostDown and
SaveConfig take effect with the next \`down'. OnHandshake and the like take effect at once.

      --dry-run     Only print the steps
      --strict      Fail, instead of warn, where the system refuses a step that the tunnel can
                    live without
${NETNS_OPTION}\
      --birth-netns=NAME
                    Its UDP sockets are in the network namespace NAME: as given to \`up'
`,
  },
  check: {
    synopsis: "check [--strict] [--json] { NAME | FILE | - }...",
    summary: "Find what is wrong or odd about wg-quick(8) configs",
    details: `\
Reads the configs /etc/wireguard/NAME.conf, files, or stdin for -, and tells of all that \`up'
would refuse (errors), that is probably not meant (warnings) or worth knowing (infos): where it is,
what was expected and what to do. Changes nothing, and shows no key. Configs are also compared with
each other and with those in the same directories. Exits with code 1 if there are errors, else 0.

      --strict      Exit with code 1 for warnings too
      --json        The same for programs: an object with version (1), the numbers of errors,
                    warnings and infos, and files; of each the file and its findings, which have a
                    code, severity, message and help (which may be empty), and line, column and
                    endColumn, in characters from 1, the last one behind the part (null for the
                    whole file)

Environment:
  WG_COLOR_MODE     always, never or auto (the default: on terminals, unless NO_COLOR is set)

Codes of findings:

${FINDINGS}`,
  },
  repair: {
    synopsis: "repair",
    summary: "Take back what tunnels left behind that ended without `down'",
    details: `\
Restores /etc/resolv.conf if a tunnel changed it and then ended without \`down': by a loss of
power, say. So do \`up' and \`down' of any tunnel; this is for a unit that runs at every boot. Does
nothing to tunnels that are up.
`,
  },
  doctor: {
    synopsis: "doctor [--json | --json-schema] [NAME | FILE.conf]",
    summary: "Find what of this host keeps tunnels from coming up or from working",
    details: `\
Looks at the host, at the configs of /etc/wireguard and at the interfaces that are up, and tells
what was seen, what it means and what to do; with a name, only of the host and that tunnel. Changes
nothing, runs no program, sends nothing and shows no key. Without root it says what it couldn't see.
Exits with code 1 if there is a problem, else 0: warnings are limits, or problems in some
circumstances.

      --json        The same for programs
      --json-schema The JSON Schema (draft 2020-12) of that, which tells what the fields are

Environment:
  WG_COLOR_MODE     always, never or auto (the default: on terminals, unless NO_COLOR is set)

Checks:

${CHECKS}`,
  },
  save: {
    synopsis: "save [--netns=NAME] NAME | FILE.conf",
    summary: "Save the state of a running tunnel to its config",
    details: `\
Writes keys, port, fwmark, addresses and peers of the running interface to the config, and the MTU
if it has one. All that is the same stays as it is, byte for byte: comments, order, spelling, white
space; names as endpoints too, as long as the peer's port is the same and its address is one of the
name's, or those can't be found. Peers that are gone go with their comments; new ones come at the
end. \`down' does this first when the config says SaveConfig = true.

${NETNS_OPTION}`,
  },
  strip: {
    synopsis: "strip NAME | FILE.conf",
    summary: "Print what `wg setconf' takes of a tunnel's config",
    details: `\
Prints the config without what only wg-quick(8) and wgts read, as \`wg-quick strip' does, and with
what \`wg' must be told in its place: keys from files, and allowed IPs without exclusions. So it may
hold keys:

  wgts syncconf wg0 <(wgts strip wg0)
`,
  },
  run: {
    synopsis: "run [--foreground] [<engine options>] NAME",
    summary: "Only create an interface and serve it, like wireguard-go(1)",
    details: `\
Creates the interface NAME and serves it until it or its control socket is deleted; \`wg setconf'
and \`wg set' configure it. Returns when the interface is ready, and logs to journald or syslog.

  -f, --foreground  Serve it in this process, until SIGINT or SIGTERM; log to stderr
${ENGINE_OPTIONS}
Environment:
  LOG_LEVEL         silent, error, info (the default), or verbose: handshakes and roaming too
  WG_PROCESS_FOREGROUND
                    1 means --foreground
${ENGINE_ENVIRONMENT}`,
  },
  show: {
    synopsis: `show { <interface> | all | interfaces } [${SHOW_FIELDS.join(" | ")}]`,
    summary: "Show the current configuration and device information, like `wg show'",
    details: `\
Shows what \`wg show' shows of interfaces, whether wgts, another userspace implementation or the
kernel serves them: all, one, or only their names; with a field, only that, separated by tabs, for
scripts.

Environment:
  WG_COLOR_MODE     always, never or auto (the default: on terminals)
  WG_HIDE_KEYS      never: show private and preshared keys
`,
  },
  status: {
    synopsis: "status [--json] [--interval SECONDS] [<interface>...] | --json-schema",
    summary: "Show how interfaces run: processes, offloads, cryptography, losses, rates",
    details: `\
Shows how the named interfaces run, or all: what serves them, the process and since when, network
namespaces other than this one, threads, which cryptography and which offloads are in use and why
others aren't, the sockets' buffers and what was dropped, and the peers with their rates, those with
the newest handshake first. Never shows a secret. Of other implementations and the kernel only what
\`wgts show' shows can be told. An interface whose process died is told with the reason, one that
doesn't answer for two seconds is told of on stderr; then the exit code is 1. Members of the group
that \`--status-group' of \`up' and \`run' names need no root.

      --json        The same for programs; rates only with --interval
      --json-schema The JSON Schema (draft 2020-12) of that, which tells what the fields are
      --interval=SECONDS
                    How long to measure rates, which takes that long; 1 is the default, 0 is not at
                    all. Of peers that never had a handshake none are measured

A peer's name is, in its config, the comment \`# Name = Alice' or \`# Name: Alice' next to the
settings in its section [Peer] or among the comments directly above that, or else the comment in the
line of [Peer], directly above or directly below it. Peers that are commented out name no other. An
interface that \`up' brought up has the names of then; for others they are read from its config, by
those who may read that.

Environment:
  WG_COLOR_MODE     always, never or auto (the default: on terminals)
`,
  },
  metrics: {
    synopsis: "metrics [--listen ADDRESS:PORT | PORT | unix:PATH]",
    summary: "Print or serve metrics of all interfaces for Prometheus",
    details: `\
Prints the state of all interfaces and peers in Prometheus' text format: bytes, handshakes, losses,
and whether interfaces are served (wireguard_interface_up; 0 is for engines that died) and their
links are up (wireguard_interface_link_up). Never shows a secret. Peers are told apart by their
public keys; their names are labels of wireguard_peer_info, to be joined with the other metrics.

      --listen=WHERE
                    Serve them at http://WHERE/metrics until SIGINT or SIGTERM: at ADDRESS:PORT, at
                    PORT of 127.0.0.1, or at unix:PATH, a socket for its owner and group. There is
                    neither encryption nor a password: other addresses than loopback show to anyone
                    who reaches them who talks to whom. Why interfaces can't be read is told on
                    stderr when that changes; wireguard_unreadable_interfaces counts them

Needs no root for interfaces that were brought up with --status-group, of whose group you are. The
kernel's tell only root: serve theirs as root, at a socket in a directory that is setgid to a group.
`,
  },
  top: {
    synopsis: "top [--interval SECONDS] [--once] [<interface>...]",
    summary: "Watch the traffic of interfaces and peers",
    details: `\
Shows the named interfaces, or all, with their peers: how fast they receive and send, a history of
that, and how old their handshakes are; the busiest peers first. Keys: q quits, s sorts by name or
by rate, arrows, PgUp and PgDn scroll, ? tells the others. Where stdout is no terminal, all of it is
printed as text again and again.

      --interval=SECONDS
                    Time between two looks, 0.1 to 3600; 1 is the default
      --once        Print the rates of one interval and exit, with code 1 when an interface fails

Environment:
  WG_COLOR_MODE     always, never or auto (the default: on terminals, unless NO_COLOR is set)
`,
  },
  events: {
    synopsis: "events [--json] [--count N] [<interface>...] | --json-schema",
    summary: "Tell what happens to interfaces and peers: handshakes, roaming, ups and downs",
    details: `\
Prints a line for each thing that happens to the named interfaces, or to all, also to those that
come later, until SIGINT or SIGTERM. Never shows a secret. A reader that is too slow loses events,
and is told how many, but never holds up the tunnel; up to 8 may read at the same time. Members of
the group that \`--status-group' of \`up' and \`run' names need no root.

      --json        Print each as an object in a line of its own, for programs
      --json-schema The JSON Schema (draft 2020-12) of such a line
      --count=N     Exit after N events

Engines of wgts tell what happens. At interfaces of the kernel and of other implementations wgts
looks once a second, so that of several handshakes in between only the last one is told, and neither
failures nor ups and downs. Peers are told with their names; see \`wgts help status'.

Events:

${EVENTS}`,
  },
};

const COMMANDS: CommandHelps = {
  ...TUNNEL_COMMANDS,
  ...INTERFACE_COMMANDS,
  ...KEY_COMMANDS,
  ...DROP_IN_COMMANDS,
  ...OTHER_COMMANDS,
};

/** The text of `wgts --help`. */
export function usage(): string {
  return `\
Usage: wgts <cmd> [<args>]

Tunnels:
${list(TUNNEL_COMMANDS)}
Interfaces:
${list(INTERFACE_COMMANDS)}
Keys:
${list(KEY_COMMANDS)}
In place of other programs:
${list(DROP_IN_COMMANDS)}
Other:
${list(OTHER_COMMANDS)}
You may pass \`--help' to any of these subcommands to view usage.`;
}

/** One line: how the command `name` is called. Printed where it is called wrongly. */
export function commandUsage(name: string): string {
  return `Usage: ${programName()} ${helpOf(name)?.synopsis ?? name}`;
}

/** The text of `wgts NAME --help`; null when there is no such command, or none for people. */
export function commandHelp(name: string): string | null {
  const help = helpOf(name);
  if (help === null) return null;
  const { summary, details } = help;
  return `${commandUsage(name)}\n\n${details === "" ? `${summary}.` : details.trimEnd()}`;
}

/** The names of all commands for people, each with its line of the list of all. */
export function commandSummaries(): ReadonlyMap<string, string> {
  return new Map(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]));
}

/** What is said to a subcommand that there isn't. */
export function complaintAbout(word: string): string {
  return `Invalid subcommand: \`${word}'\n${usage()}`;
}

function helpOf(name: string): CommandHelp | null {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] ?? null : null;
}

function list(commands: CommandHelps): string {
  return Object.entries(commands)
    .map(([name, { summary }]) => `  ${name.padEnd(13)} ${summary}\n`)
    .join("");
}
