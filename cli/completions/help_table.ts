/** What the help texts say of commands and their options: completions can't say anything else. */
import { commandHelp, commandSummaries } from "../help.ts";

/** An option of a command. */
export interface HelpOption {
  /** With the hyphens, without a value. */
  readonly name: string;
  readonly takesValue: boolean;
  /** What it does, in one line. */
  readonly description: string;
}

/** The names and summaries of all commands for people. */
export function helpCommands(): ReadonlyMap<string, string> {
  return commandSummaries();
}

/** An option at the beginning of a line, perhaps behind its short form, and what it does. */
const OPTION = /^ {2}(?:(-\w), | {4})(--[\w-]+)(=[A-Z]+)?( *.*(?:\n {20}.*)*)$/gm;

/** The options that the help of a command lists, short forms last. */
export function helpOptions(command: string): HelpOption[] {
  const long: HelpOption[] = [{ name: "--help", takesValue: false, description: "Show its help" }];
  const short: HelpOption[] = [];
  for (const match of (commandHelp(command) ?? "").matchAll(OPTION)) {
    const [, letter, name = "", value, text = ""] = match;
    const description = firstPart(text);
    const option = { name, takesValue: value !== undefined, description };
    long.push(option);
    if (letter !== undefined) short.push({ ...option, name: letter });
  }
  return [...long, ...short];
}

/** A list of options has no room for more. */
function firstPart(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().replaceAll(/ \([^)]*\)/g, "")
    .replace(/([;:.] |\.$).*$/, "");
}
