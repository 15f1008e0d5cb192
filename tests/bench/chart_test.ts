import assert from "node:assert/strict";
import { drawChart } from "./chart.ts";
import { Results } from "./results.ts";

const MACHINE = { processor: "a processor", processors: 2, kernel: "Linux 6", runtime: "deno 2" };

function sample(): Results {
  const results = new Results(MACHINE);
  const at = "2026-01-01T00:00:00.000Z";
  const add = (id: string, kind: "wgts" | "userspace" | "reference", tcp: number[]) => {
    for (const [repetition, value] of tcp.entries()) {
      const values = { tcp_v4_1_forward: value, ping_p50: 100 };
      results.add({ id, name: id, kind }, {
        implementation: id,
        repetition: repetition + 1,
        at,
        noisy: false,
        seconds: 1,
        values,
        errors: [],
      });
    }
  };
  add("wgts", "wgts", [4, 2, 3]);
  add("a<b&c", "userspace", [1.5]);
  add("direct", "reference", [30]);
  return results;
}

const widths = (svg: string, name: string) =>
  [...svg.matchAll(new RegExp(`<rect class="${name}"[^>]* width="([\\d.]+)"`, "g"))]
    .map((match) => Number(match[1]));

Deno.test("bars are as long as medians are great", () => {
  const svg = drawChart(sample());
  const [own = 0] = widths(svg, "own");
  const [peer = 0] = widths(svg, "peer");
  assert.ok(own > 0);
  assert.ok(Math.abs(own / peer - 3 / 1.5) < 0.01, `${own} and ${peer}`);
});

Deno.test("all stays within the picture", () => {
  const svg = drawChart(sample());
  const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? [];
  assert.ok(width > 0 && height > 0);
  for (const [, x1, x2] of svg.matchAll(/<line [^>]*x1="([\d.]+)" x2="([\d.]+)"/g)) {
    assert.ok(Number(x1) <= Number(x2) && Number(x2) < width / 2);
  }
});

Deno.test("what is no implementation has no bar and does not set the scale", () => {
  const svg = drawChart(sample());
  assert.ok(!svg.includes("direct"));
  assert.equal(widths(svg, "own").length, 2, "TCP and ping");
});

Deno.test("what was not measured is a dash", () => {
  assert.equal(drawChart(sample()).match(/>–</g)?.length, 2 * 2, "CPU and UDP of two");
});

Deno.test("names are escaped, and dark backgrounds have colors of their own", () => {
  const svg = drawChart(sample());
  assert.ok(svg.includes("a&lt;b&amp;c"));
  assert.ok(!svg.includes("a<b"));
  assert.match(svg, /prefers-color-scheme: dark/);
});
