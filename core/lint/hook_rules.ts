/** Hooks that only bash understands. */

import { EVENT_HOOK_KEYS } from "../config/keys.ts";
import type { Tell } from "./finding.ts";
import type { LocatedSection } from "./located.ts";

const HOOKS: ReadonlySet<string> = new Set([
  "PreUp",
  "PostUp",
  "PreDown",
  "PostDown",
  ...EVENT_HOOK_KEYS,
]);

/** A thing that POSIX (Shell Command Language) doesn't have, but bash does. */
interface Bashism {
  /** Its first group is what is underlined. */
  readonly pattern: RegExp;
  readonly what: string;
  readonly instead: string;
  /** Whether it means the same between double quotes. */
  readonly alsoQuoted?: true;
}

/** Where a command may begin. */
const COMMAND = /(?:^|[;&|({!]|\b(?:then|do|else|if|while))\s*/.source;

const BASHISMS: readonly Bashism[] = [
  { pattern: /(?:^|[\s;&|(!])(\[\[)\s/, what: "[[", instead: "use [ or test" },
  { pattern: /\[\s[^\]]*\s(==)\s[^\]]*\]/, what: "== in [", instead: "use =" },
  { pattern: /([<>]\()/, what: "a process substitution", instead: "use a pipe or a file" },
  { pattern: /(<<<)/, what: "a here-string", instead: "use printf and a pipe" },
  {
    pattern: /(\$\{[A-Za-z_]\w*(?:\/|\^|,|:[\d\s(]|@))/,
    what: "an expansion that sh lacks",
    instead: "use sed or cut",
    alsoQuoted: true,
  },
  {
    pattern: /(\$\{!)/,
    what: "an indirect expansion",
    instead: "name the variable",
    alsoQuoted: true,
  },
  {
    pattern: /(\$\{[A-Za-z_]\w*\[)/,
    what: "an item of an array",
    instead: "use several variables",
    alsoQuoted: true,
  },
  {
    pattern: /(\$\{?(?:BASH\w*|RANDOM|SECONDS|EUID|UID|HOSTNAME|PIPESTATUS)\b)/,
    what: "a variable that only bash sets",
    instead: "use a program: id -u, hostname, date",
    alsoQuoted: true,
  },
  {
    pattern: /(?:^|[\s;&|(])(\w+\+?=\()/,
    what: "an array",
    instead: "use several variables",
  },
  {
    pattern: /(?:^|[\s;&|(])([A-Za-z_]\w*\+=)/,
    what: "+=",
    instead: "write NAME=$NAME…",
  },
  {
    pattern: new RegExp(`${COMMAND}(function)\\s+\\w`),
    what: "the keyword function",
    instead: "write NAME() { …; }",
  },
  { pattern: /(&>>?)/, what: "&>", instead: "use >FILE 2>&1" },
  { pattern: /(?:[^|])(\|&)/, what: "|&", instead: "use 2>&1 |" },
  { pattern: /(?:^|[\s=])(\$['"])/, what: "a string $'…'", instead: "use printf" },
  { pattern: /(?:^|[\s;&|(])(\(\()/, what: "(( … ))", instead: "use [ and $(( … ))" },
  {
    pattern: /(?<!\$)(\{\w+\.\.\w+(?:\.\.\w+)?\})/,
    what: "a brace expansion",
    instead: "use seq, or write it out",
  },
  {
    pattern: /(?<!\$)(\{[\w.:/*-]*,[\w.:/*,-]*\})/,
    what: "a brace expansion",
    instead: "write it out",
  },
  {
    pattern: new RegExp(`${COMMAND}(source)\\s`),
    what: "source",
    instead: "use . instead",
  },
  {
    pattern: new RegExp(
      `${COMMAND}(declare|typeset|let|shopt|select|coproc|mapfile|readarray|pushd|popd|disown)\\s`,
    ),
    what: "a command of bash",
    instead: "sh has none",
  },
  {
    pattern: new RegExp(`${COMMAND}(read\\s+-[a-qs-zA-Z]+)`),
    what: "an option of read",
    instead: "sh only has -r",
  },
  {
    pattern: new RegExp(`${COMMAND}(printf\\s+-v)\\s`),
    what: "printf -v",
    instead: "use NAME=$(printf …)",
  },
];

/** Tells what of the hooks needs bash. */
export function checkHooks(sections: readonly LocatedSection[], tell: Tell): void {
  for (const { key, line } of sections.flatMap(({ settings }) => settings)) {
    if (!HOOKS.has(key)) continue;
    const from = line.text.indexOf("=") + 1;
    const { quoted, unquoted } = maskQuotes(line.text.slice(from));
    for (const { pattern, what, instead, alsoQuoted } of BASHISMS) {
      const match = pattern.exec(alsoQuoted ? quoted : unquoted);
      const found = match?.[1];
      if (match === null || found === undefined) continue;
      const start = from + match.index + match[0].lastIndexOf(found);
      const span = { line: line.number, start, end: start + found.length };
      tell("bashism", span, `${key} has ${what}, which needs bash: there is none`, instead);
    }
  }
}

/**
 * A command without what stands between quotes and behind `#`, in its place and of its length: in `quoted`
 * without that between single quotes only.
 */
function maskQuotes(command: string): { quoted: string; unquoted: string } {
  let quoted = "", unquoted = "", quote = "";
  for (let at = 0; at < command.length; at++) {
    const character = command.charAt(at);
    if (character === "\\" && quote !== "'") {
      quoted += "xx", unquoted += "xx", at++;
      continue;
    }
    if (quote === "" && character === "#" && /(?:^|\s)$/.test(command.slice(0, at))) break;
    if (quote === "" ? character === "'" || character === '"' : character === quote) {
      quote = quote === "" ? character : "";
      quoted += character, unquoted += character;
      continue;
    }
    quoted += quote === "'" ? "x" : character;
    unquoted += quote === "" ? character : "x";
  }
  return { quoted, unquoted };
}
