/** The look of `wg show`: colours, ages and sizes. */

/** Terminal styles, as functions from text to text. */
export interface Style {
  /** In front of an interface. */
  readonly start: string;
  bold(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
  red(text: string): string;
}

const same = (text: string) => text;
const PLAIN: Style = { start: "", bold: same, green: same, yellow: same, cyan: same, red: same };

const RESET = "\x1b[0m";
/** `bold` inside a colour shares its reset, as in `wg`. */
function sgr(code: number): (text: string) => string {
  return (text) => `\x1b[${code}m${text}${text.endsWith(RESET) ? "" : RESET}`;
}

const COLORED: Style = {
  start: RESET,
  bold: sgr(1),
  green: sgr(32),
  yellow: sgr(33),
  cyan: sgr(36),
  red: sgr(31),
};

/** The styles of `wg`: terminal colours, or none. */
export function styleOf(color: boolean): Style {
  return color ? COLORED : PLAIN;
}

/** How long before `wall` (ms since 1970) the time `seconds` (since 1970) is. */
export function formatAge(seconds: number, wall: number, style: Style): string {
  const age = Math.floor(wall / 1000) - seconds;
  if (age < 0) {
    return `(${style.red("System clock wound backward; connection problems may ensue.")})`;
  }
  return age === 0 ? "Now" : `${formatDuration(age, style)} ago`;
}

const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, YEAR = 365 * DAY;
const DURATION_UNITS: readonly [number, string][] = [
  [YEAR, "year"],
  [DAY, "day"],
  [HOUR, "hour"],
  [MINUTE, "minute"],
  [1, "second"],
];

/** `seconds` as `1 minute, 5 seconds`: the units that aren't zero. */
export function formatDuration(seconds: number, style: Style): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [size, name] of DURATION_UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${style.cyan(count === 1 ? name : name + "s")}`);
  }
  return parts.join(", ");
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `count` bytes as `1.46 KiB`. */
export function formatBytes(count: number, style: Style): string {
  if (count < 1024) return `${count} ${style.cyan("B")}`;
  let power = 1;
  while (power < BYTE_UNITS.length - 1 && count >= 1024 ** (power + 1)) power++;
  return `${twoDecimals(count, 1024 ** power)} ${style.cyan(BYTE_UNITS[power] ?? "")}`;
}

/** `count / unit` as printf(3)'s `%.2f`, which rounds a tie to even; `toFixed` would round it up. */
function twoDecimals(count: number, unit: number): string {
  const scaled = BigInt(count) * 100n, divisor = BigInt(unit);
  let hundredths = scaled / divisor;
  const twice = (scaled % divisor) * 2n;
  if (twice > divisor || (twice === divisor && hundredths % 2n === 1n)) hundredths++;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}
