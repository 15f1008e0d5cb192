/** What `wg-quick strip` prints. */

/** Keys of `[Interface]` that wg-quick(8) takes out and `wg` doesn't know, in lower case. */
const QUICK_KEYS: ReadonlySet<string> = new Set([
  "address",
  "mtu",
  "dns",
  "table",
  "preup",
  "predown",
  "postup",
  "postdown",
  "saveconfig",
]);

/**
 * Takes out of the config `text` what only wg-quick(8) reads, and leaves the rest, comments too, as it
 * is but for the spaces around each line. By the script's own rules, which differ from `wg`'s: names have
 * no spaces inside. Ends with an empty line more, as its output does.
 *
 * @param text its bytes, one character each
 * @throws Error in wg-quick's words when `SaveConfig` is neither true nor false
 */
export function stripQuickConfig(text: string): string {
  const kept: string[] = [];
  let inInterface = false;
  for (const line of readLines(text)) {
    // What has no "=" is both key and value.
    const content = line.split("#", 1)[0] ?? "";
    const equals = content.indexOf("=");
    const key = trim(equals < 0 ? content : content.slice(0, equals)).toLowerCase();
    if (key.startsWith("[")) inInterface = key === "[interface]";
    if (inInterface && QUICK_KEYS.has(key)) {
      if (key === "saveconfig") requireBoolean(trim(content.slice(equals + 1)));
    } else {
      kept.push(`${line}\n`);
    }
  }
  return `${kept.join("")}\n`;
}

/** Lines as bash's `read` gives them: without NUL, and without spaces and tabs around them. */
function readLines(text: string): string[] {
  const lines = text.replaceAll("\0", "").split("\n");
  const trimmed = lines.map((line) => line.replace(/^[ \t]+|[ \t]+$/g, ""));
  // Only a last line that has something on it needs no newline.
  if (trimmed.at(-1) === "") trimmed.pop();
  return trimmed;
}

function requireBoolean(value: string): void {
  if (!/^(true|false)$/i.test(value)) throw new Error(`\`${value}' is neither true nor false`);
}

/** Trims what C calls space. */
function trim(text: string): string {
  return text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "");
}
