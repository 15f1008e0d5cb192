import assert from "node:assert/strict";
import fc from "fast-check";
import { UNICODE } from "../../../core/terminal_text.ts";
import { History, HISTORY_LENGTH } from "../../../core/top/sparkline.ts";
import {
  AGE_COLUMNS,
  AMOUNT_COLUMNS,
  formatAge,
  formatAmount,
  formatRate,
} from "../../../core/top/units.ts";

Deno.test("amounts have three digits and a unit", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [0.4, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1023.4, "1023 B"],
    [1023.6, "1.00 KiB"],
    [1024, "1.00 KiB"],
    [10 * 1024 - 1, "10.0 KiB"],
    [100 * 1024 - 1, "100 KiB"],
    [1024 ** 2 - 1, "1.00 MiB"],
    [1.5 * 1024 ** 3, "1.50 GiB"],
    [2 ** 53, "8.00 PiB"],
    [NaN, "-"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatAmount(bytes), text);
  assert.equal(formatRate(2048), "2.00 KiB/s");
});

Deno.test("amounts are right to three digits, in their columns", () => {
  fc.assert(fc.property(fc.double({ min: 1, max: 2 ** 53, noNaN: true }), (bytes) => {
    const text = formatAmount(bytes);
    assert.ok(text.length <= AMOUNT_COLUMNS, text);
    const [number = "", unit = ""] = text.split(" ");
    const value = Number(number) * 1024 ** ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].indexOf(unit);
    assert.ok(Math.abs(value - bytes) <= (bytes < 100 ? 0.5 : bytes * 0.006), `${bytes}: ${text}`);
  }));
});

Deno.test("ages have their two largest units", () => {
  const cases: [number, string][] = [
    [0, "0s"],
    [59.9, "59s"],
    [60, "1m 00s"],
    [125, "2m 05s"],
    [3599, "59m 59s"],
    [3600, "1h 00m"],
    [86_399, "23h 59m"],
    [86_400, "1d 00h"],
    [9999 * 86_400 + 86_399, "9999d 23h"],
    [-1, "?"],
  ];
  for (const [seconds, text] of cases) assert.equal(formatAge(seconds), text);
  assert.ok(formatAge(999 * 86_400).length <= AGE_COLUMNS);
});

Deno.test("a sparkline shows the newest rates, the highest as a full bar", () => {
  const history = new History();
  assert.equal(history.sparkline(4, UNICODE), "    ");
  for (const rate of [0, 1, 700, 350]) history.push(rate);
  assert.equal(history.sparkline(6, UNICODE), "  ▁▂█▅");
  assert.equal(history.sparkline(1, UNICODE), "█");
  assert.equal(history.sparkline(0, UNICODE), "");
  for (let i = 0; i < HISTORY_LENGTH; i++) history.push(0);
  assert.equal(history.sparkline(HISTORY_LENGTH, UNICODE), "▁".repeat(HISTORY_LENGTH));
});

Deno.test("a sparkline has as many characters as columns", () => {
  const rates = fc.array(fc.double({ min: 0, max: 1e12 }), { maxLength: 70 });
  fc.assert(fc.property(rates, fc.integer({ min: 0, max: 70 }), (rates, columns) => {
    const history = new History();
    for (const rate of rates) history.push(rate);
    assert.match(history.sparkline(columns, UNICODE), new RegExp(`^[ ▁-█]{${columns}}$`));
  }));
});
