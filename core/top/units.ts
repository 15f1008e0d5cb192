/** Figures that change all the time, in few columns. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Columns of the longest text that {@linkcode formatAmount} gives. */
export const AMOUNT_COLUMNS = 8;

/** `bytes` to three digits, `1.46 KiB`; `-` when not known (NaN). */
export function formatAmount(bytes: number): string {
  if (Number.isNaN(bytes)) return "-";
  let value = bytes, unit = 0;
  while (Math.round(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A rate in bytes per second. */
export function formatRate(rate: number): string {
  return `${formatAmount(rate)}/s`;
}

const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
/** Columns of the longest text that {@linkcode formatAge} gives in a human's life. */
export const AGE_COLUMNS = 8;

/** `seconds` in its two largest units, `2m 05s`; negative ones, of a clock that was set back, as `?`. */
export function formatAge(seconds: number): string {
  if (seconds < 0) return "?";
  const [large, small, first, second] = seconds < HOUR
    ? [MINUTE, 1, "m", "s"] as const
    : seconds < DAY
    ? [HOUR, MINUTE, "h", "m"] as const
    : [DAY, HOUR, "d", "h"] as const;
  if (seconds < MINUTE) return `${Math.floor(seconds)}s`;
  const rest = String(Math.floor(seconds % large / small)).padStart(2, "0");
  return `${Math.floor(seconds / large)}${first} ${rest}${second}`;
}
