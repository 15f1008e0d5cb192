/** Hooks that only bash understands. */

import type { Tell } from "./finding.ts";
import type { LocatedSection } from "./located.ts";

const HOOKS: ReadonlySet<string> = new Set(["PreUp", "PostUp", "PreDown", "PostDown"]);

/** What POSIX (Shell Command Language) doesn't have, but bash does. Not a parser: quotes don't count. */
const BASHISMS: readonly (readonly [RegExp, string, string])[] = [
  [/(?:^|[\s;&|(!])(\[\[)\s/, "[[", "use [ or test"],
  [/([<>]\()/, "a process substitution", "use a pipe or a file"],
  [/(<<<)/, "a here-string", "use printf and a pipe"],
  [/(\$\{[A-Za-z_]\w*(?:\/|\^|,|:[\d\s(]))/, "an expansion that sh lacks", "use sed or cut"],
  [/(\$\{!)/, "an indirect expansion", "name the variable"],
  [/(?:^|[\s;&|(])(\w+\+?=\()/, "an array", "use several variables"],
  [/(?:^|[\s;&|(])(function)\s+\w/, "the keyword function", "write NAME() { …; }"],
  [/(&>)/, "&>", "use >FILE 2>&1"],
  [/(?:^|[\s=])(\$')/, "a string $'…'", "use printf"],
  [/(?:^|[\s;&|(])(\(\()/, "(( … ))", "use [ and $(( … ))"],
  [/(?:^|[\s;&|(])(source)\s/, "source", "use . instead"],
];

/** Tells what of the hooks needs bash. */
export function checkHooks(sections: readonly LocatedSection[], tell: Tell): void {
  for (const { key, line } of sections.flatMap(({ settings }) => settings)) {
    if (!HOOKS.has(key)) continue;
    const from = line.text.indexOf("=") + 1;
    for (const [pattern, what, help] of BASHISMS) {
      const match = pattern.exec(line.text.slice(from));
      const found = match?.[1];
      if (match === null || found === undefined) continue;
      const start = from + match.index + match[0].indexOf(found);
      const span = { line: line.number, start, end: start + found.length };
      tell("bashism", span, `${key} has ${what}, which needs bash: there is none`, help);
    }
  }
}
