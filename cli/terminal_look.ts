import { type Style, styleOf } from "../core/show/style.ts";
import { ASCII, type Charset, UNICODE } from "../core/terminal_text.ts";
import { colorWanted } from "./output.ts";

/** What the terminal can show, by the locale. */
export function terminalCharset(): Charset {
  return /utf-?8/i.test(characterEncoding()) ? UNICODE : ASCII;
}

/**
 * Colours on terminals. NO_COLOR counts unless `WG_COLOR_MODE` says otherwise; see
 * <https://no-color.org>.
 */
export function terminalStyle(): Style {
  const isForced = Deno.env.get("WG_COLOR_MODE") === "always";
  return styleOf(colorWanted() && (!Deno.noColor || isForced));
}

/** The locale's name, which tells the encoding of characters (locale(7)). */
function characterEncoding(): string {
  const variables = ["LC_ALL", "LC_CTYPE", "LANG"];
  return variables.map((name) => Deno.env.get(name)).find((value) => value) ?? "";
}
