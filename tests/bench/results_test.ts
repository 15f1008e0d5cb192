import assert from "node:assert/strict";
import { METRICS } from "./metrics.ts";
import { Results, type Run } from "./results.ts";
import { formatBars, formatFigures, formatNumber, formatRatios } from "./table.ts";

const MACHINE = { processor: "a processor", processors: 2, kernel: "Linux 6", runtime: "deno 2" };
const TCP = "tcp_v4_1_forward";

function run(implementation: string, values: Run["values"], more: Partial<Run> = {}): Run {
  const at = "2026-01-01T00:00:00.000Z";
  return {
    implementation,
    repetition: 1,
    at,
    noisy: false,
    seconds: 1,
    values,
    errors: [],
    ...more,
  };
}

/** wgts, three peers and the data path without encryption. */
function sample(): Results {
  const results = new Results(MACHINE);
  const add = (id: string, kind: "wgts" | "userspace" | "reference", values: Run["values"]) =>
    results.add({ id, name: `the ${id}`, kind }, run(id, values));
  add("wgts", "wgts", { [TCP]: 4, ping_p50: 100, rss_idle: 70, cpu_engines: 2 });
  add("wgts", "wgts", { [TCP]: 6, ping_p50: 120, rss_idle: 72, cpu_engines: 2 });
  add("wgts-null-aead", "reference", { [TCP]: 8 });
  add("wireguard-go", "userspace", { [TCP]: 2.5, ping_p50: 200, cpu_engines: 4 });
  add("gotatun", "userspace", { [TCP]: 1, ping_p50: 90, cpu_engines: 8 });
  add("wireguard-go-debian", "userspace", { [TCP]: 0.5, ping_p50: 220, cpu_engines: 12 });
  add("empty", "reference", { rss_idle: 60 });
  return results;
}

const bar = (results: Results, metric: string, against: string) =>
  results.judge().find((bar) => bar.title === metric && bar.against === against);

Deno.test("summaries are medians over the runs of an implementation", () => {
  assert.deepEqual(sample().summarize().wgts?.[TCP], { median: 5, min: 4, max: 6, count: 2 });
});

Deno.test("noisy runs count only where there is no other", () => {
  const results = sample();
  const wgts = { id: "wgts", name: "the wgts", kind: "wgts" } as const;
  results.add(wgts, run("wgts", { [TCP]: 1, udp_64: 50 }, { noisy: true }));
  const summary = results.summarize().wgts;
  assert.equal(summary?.[TCP]?.median, 5);
  assert.equal(summary?.udp_64?.median, 50);
});

Deno.test("bars compare with the best peer, with Debian's and with others", () => {
  const results = sample();
  const best = bar(results, "TCP ×1", "wireguard-go");
  assert.equal(best?.value, 2);
  assert.deepEqual([best?.met, best?.goalMet], [true, true]);
  assert.equal(bar(results, "TCP ×1", "wireguard-go-debian")?.value, 10);
  assert.equal(bar(results, "TCP ×1", "wgts-null-aead")?.value, 5 / 8);
  assert.equal(bar(results, "CPU per GB", "wireguard-go")?.value, 0.5);
  assert.equal(bar(results, "RSS above an empty program", "empty")?.value, 11);
});

Deno.test("bars tell what is not met: less is better for ping", () => {
  const results = sample();
  const best = bar(results, "ping p50", "gotatun");
  assert.equal(best?.value, 110 / 90);
  assert.equal(best?.met, false);
  assert.equal(bar(results, "ping p50", "wireguard-go-debian")?.met, true);
});

Deno.test("what wasn't measured is neither met nor missed", () => {
  const handshakes = sample().judge().filter(({ title }) => title.startsWith("CPU per handshake"));
  assert.equal(handshakes.length, 2);
  for (const { value, met } of handshakes) assert.deepEqual([value, met], [null, null]);
});

Deno.test("a bar that is just reached is met", () => {
  const results = new Results(MACHINE);
  results.add({ id: "wgts", name: "wgts", kind: "wgts" }, run("wgts", { rss_anon_idle: 55 }));
  assert.equal(results.judge().find(({ title }) => title === "RssAnon idle")?.met, true);
});

Deno.test("a file of results reads back, and more can be added", () => {
  const results = sample();
  const again = Results.fromJson(results.toJson());
  assert.equal(again.toJson(), results.toJson());
  assert.equal(again.repetitionsOf("wgts"), 1);
  assert.equal(again.repetitionsOf("direct"), 0);
  again.add({ id: "wgts", name: "wgts 2", kind: "wgts" }, run("wgts", { [TCP]: 5 }));
  assert.equal(again.summarize().wgts?.[TCP]?.count, 3);
  assert.throws(() => Results.fromJson("{}"), /format/);
});

Deno.test("the tables have a row for each figure that was measured", () => {
  const figures = formatFigures(sample()).trimEnd().split("\n");
  assert.equal(figures.length, 1 + 4);
  assert.match(figures[1] ?? "", /^TCP ×1 IPv4 → +Gbit\/s +5\.00 \(4\.00–6\.00\) +8\.00 +2\.50 /);
  const ratios = formatRatios(sample()).split("\n");
  assert.match(ratios[1] ?? "", /^TCP ×1 IPv4 → +10\.0 \| 2\.00 /);
  assert.match(formatBars(sample().judge()), /ping p50 +gotatun +≤ 1 +1\.22 +NOT MET/);
});

Deno.test("numbers have three significant digits", () => {
  const texts = [0, 0.0123, 0.5, 4.25, 42.34, 1234.6, 99.96].map(formatNumber);
  assert.deepEqual(texts, ["0", "0.012", "0.500", "4.25", "42.3", "1235", "100.0"]);
});

Deno.test("metrics have names of their own", () => {
  assert.equal(new Set(METRICS.map(({ id }) => id)).size, METRICS.length);
});
