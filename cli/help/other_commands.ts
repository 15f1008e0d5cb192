/** The help of what acts as other programs, and of what is about wgts itself. */
import { WIREGUARD_GO_VERSION, WIREGUARD_TOOLS_VERSION } from "../version.ts";
import type { CommandHelps } from "./command_help.ts";
import { ENGINE_ENVIRONMENT } from "./engine_options.ts";

/** Programs that wgts takes the place of; it also acts as them when it is called by their names. */
export const DROP_IN_COMMANDS: CommandHelps = {
  "wg": {
    synopsis: "wg [<cmd> [<args>]]",
    summary: "Act as wg(8); also when called by that name, as by a symbolic link",
    details: `\
Acts as wg(8) of wireguard-tools ${WIREGUARD_TOOLS_VERSION}: its commands, words and exit codes.
`,
  },
  "wg-quick": {
    synopsis: "wg-quick [ up | down | save | strip ] [ CONFIG_FILE | INTERFACE ]",
    summary: "Act as wg-quick(8); likewise",
    details: `\
Takes the command line of wg-quick(8). \`up', \`down' and \`save' are those of wgts. \`strip' prints a
config without what only wg-quick and wgts read, as \`wg syncconf' needs it; a key that the config
names a file of is in it, and AllowedIPs are without what the config excludes.
`,
  },
  "wireguard-go": {
    synopsis: "wireguard-go [-f | --foreground] INTERFACE-NAME",
    summary: "Act as wireguard-go; likewise",
    details: `\
Takes the command line and the environment of wireguard-go ${WIREGUARD_GO_VERSION}.

Environment:
  LOG_LEVEL         verbose, debug, info, error (the default) or silent. Once it is set, the log
                    goes to stderr from the background too, else to journald or syslog
  WG_PROCESS_FOREGROUND
                    1 means --foreground
  WG_TUN_FD         The file descriptor of a TUN interface to serve, instead of creating one
  WG_UAPI_FD        The file descriptor of its listening control socket
${ENGINE_ENVIRONMENT}`,
  },
  "install-links": {
    synopsis: "install-links [--force] DIR",
    summary: "Make the symbolic links wg, wg-quick and wireguard-go to wgts",
    details: `\
Makes the symbolic links wg, wg-quick and wireguard-go in the directory DIR, all or none, that lead
to this program. Links that are there already stay.

      --force       Replace what else has these names
`,
  },
};

/** Those that have nothing to do with interfaces. */
export const OTHER_COMMANDS: CommandHelps = {
  completions: {
    synopsis: "completions bash | zsh | fish",
    summary: "Print the script by which a shell completes what is typed",
    details: `\
Prints the script by which a shell completes commands, options, interfaces, the public keys of peers
and names of configs; also those of wg, wg-quick and wireguard-go where these are links to wgts.
The shell always asks the wgts in PATH, even behind the path of another one: Tab runs no program
because its path was typed.

  bash: wgts completions bash >/usr/share/bash-completion/completions/wgts
        or, in ~/.bashrc: source <(wgts completions bash)
  zsh:  wgts completions zsh >/usr/local/share/zsh/site-functions/_wgts
        or, in ~/.zshrc behind compinit: source <(wgts completions zsh)
  fish: wgts completions fish >~/.config/fish/completions/wgts.fish
`,
  },
  help: {
    synopsis: "help [<cmd> | --man]",
    summary: "Show this text, or that of a command; also `wgts --help' and `wgts <cmd> --help'",
    details: `\
Shows the list of all commands, or the help of one; also \`wgts --help' and \`wgts <cmd> --help'.

      --man         Print all of it as the man page wgts(8)
`,
  },
  version: {
    synopsis: "version",
    summary: "Show the version; also `wgts --version'",
    details: "",
  },
};
