/** The man page wgts(8), made of the help texts: man(7) macros. */
import { commandHelp, commandSummaries } from "./help.ts";
import { VERSION } from "./version.ts";

/** The whole page. */
export function manPage(): string {
  const commands = [...commandSummaries().keys()];
  return [
    `.TH WGTS 8 "" "wgts ${VERSION}" "System administration"`,
    // Lines end where words do, and names of options are never cut in two.
    ".nh",
    ".ad l",
    ".SH NAME",
    text("wgts - WireGuard in one executable"),
    ".SH SYNOPSIS",
    ".B wgts",
    "\\fIcommand\\fR [\\fIargument\\fR ...]",
    ".SH DESCRIPTION",
    text(INTRODUCTION),
    ".SH COMMANDS",
    ...commands.map(commandSection),
    ".SH FILES",
    ...FILES.flatMap(([path, what]) => [".TP", `.I ${text(path)}`, text(what)]),
    ".SH SEE ALSO",
    ".BR wg (8),",
    ".BR wg\\-quick (8)",
  ].join("\n") + "\n";
}

const INTRODUCTION =
  "wgts creates WireGuard interfaces, runs their protocol in a process of its own or leaves it to the " +
  "kernel, and configures them. Without a command it does what `wgts show' does.";

const FILES: readonly (readonly [path: string, what: string])[] = [
  ["/etc/wireguard/NAME.conf", "Configs, as of wg-quick(8)"],
  ["/var/run/wireguard/NAME.sock", "Control sockets of interfaces"],
  ["/run/wgts", "What `up' did, for `down' to undo it"],
];

/** A command, from its help: usage, then paragraphs, lists of options and variables, examples. */
function commandSection(name: string): string {
  const [usage = "", , ...lines] = (commandHelp(name) ?? "").split("\n");
  const section = [`.SS ${text(name)}`, `.B ${text(usage.replace(/^Usage: /, ""))}`, ".PP"];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const item = ITEM.exec(line);
    if (line === "") {
      section.push(".PP");
    } else if (item !== null) {
      const [, term = "", beside = ""] = item;
      const parts = beside === "" ? [] : [beside];
      while (CONTINUATION.test(lines[at + 1] ?? "")) parts.push(lines[++at]?.trim() ?? "");
      section.push(".TP", `.B ${text(term)}`, text(parts.join(" ")));
    } else if (line.startsWith(" ")) {
      section.push(".RS 4", ".nf", text(line.slice(2)));
      while (lines[at + 1]?.startsWith(" ")) section.push(text(lines[++at]?.slice(2) ?? ""));
      section.push(".fi", ".RE");
    } else {
      section.push(text(line));
    }
  }
  return section.join("\n");
}

/** An option or an environment variable, and what is told of it from the column 20 on. */
const ITEM = /^ {2,6}((?:-\w, )?--[\w-]+(?:=[A-Z]+)?|[A-Z][A-Z_]+)(?: +(\S.*))?$/;
const CONTINUATION = /^ {20}\S/;

/** Plain text for roff(7): nothing of it is taken for a request, and hyphens can be searched for. */
function text(plain: string): string {
  const escaped = plain.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti").replaceAll("^", "\\(ha");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
