/** The time of day, in milliseconds since 1970-01-01 UTC. */

/** 2020-01-01: before the first release of this program. */
const EARLIEST_MS = 1_577_836_800_000;
const DAY_MS = 86_400_000;

/** Whether `wall` can be the present: a host without a clock of its own begins at 1970. */
export function isClockSet(wall: number): boolean {
  return wall >= EARLIEST_MS;
}

/** `2026-02-23T12:00:00Z` (RFC 3339), for times from 1970 on. */
export function formatUtc(wall: number): string {
  const seconds = Math.floor(wall / 1000) % 86_400;
  const [year, month, day] = civilDate(Math.floor(wall / DAY_MS));
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  return `${year}-${two(month)}-${two(day)}T${time.join(":")}Z`;
}

/** Year, month (from 1) and day (from 1) of the Gregorian calendar, so many days after 1970-01-01. */
function civilDate(days: number): [number, number, number] {
  // Years are counted from March, so that a leap day is the last of one.
  const shifted = days + 719_468; // from 0000-03-01
  const era = Math.floor(shifted / 146_097), dayOfEra = shifted % 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}
