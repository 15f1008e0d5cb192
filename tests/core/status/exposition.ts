/**
 * A strict reader of Prometheus' text format 0.0.4, and of the conventions that `promtool check metrics`
 * enforces: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import assert from "node:assert/strict";

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/;
const NUMBER = /^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/;

/** The families of an exposition by name; asserts that all of it is as it should be. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  assert.ok(text.endsWith("\n"));
  assert.ok(text.isWellFormed());
  const lines = text.slice(0, -1).split("\n");
  const seen = new Set<string>();
  for (let i = 0; i < lines.length;) {
    const [, name = "", help = ""] = /^# HELP (\S+) (.+)$/.exec(lines[i++] ?? "") ?? [];
    assert.match(name, NAME, `line ${i}: ${lines[i - 1]}`);
    assert.ok(!families.has(name), `${name} comes twice`);
    assert.doesNotMatch(help, /\\/);
    const [, type] = new RegExp(`^# TYPE ${name} (counter|gauge)$`).exec(lines[i++] ?? "") ?? [];
    assert.ok(type === "counter" || type === "gauge", `line ${i}: ${lines[i - 1]}`);
    assert.equal(type === "counter", name.endsWith("_total"), name);
    const samples: Sample[] = [];
    for (; i < lines.length && !lines[i]?.startsWith("#"); i++) {
      const line = lines[i] ?? "";
      samples.push(parseSample(line, name));
      const series = line.slice(0, line.lastIndexOf(" "));
      assert.ok(!seen.has(series), `${series} comes twice`);
      seen.add(series);
    }
    assert.ok(samples.length > 0, `${name} has no sample`);
    families.set(name, { type, help, samples });
  }
  return families;
}

function parseSample(line: string, name: string): Sample {
  assert.ok(line.startsWith(name), line);
  const labels: Record<string, string> = {};
  let rest = line.slice(name.length);
  if (rest.startsWith("{")) {
    const end = rest.lastIndexOf("}");
    for (let inside = rest.slice(1, end); inside !== "";) {
      const [whole, label = "", value = ""] = LABEL.exec(inside) ?? [];
      assert.ok(whole !== undefined && !Object.hasOwn(labels, label), line);
      labels[label] = value.replace(
        /\\(.)/g,
        (_, character) => character === "n" ? "\n" : character,
      );
      inside = inside.slice(whole.length);
    }
    rest = rest.slice(end + 1);
  }
  const number = rest.slice(1);
  assert.ok(rest.startsWith(" ") && NUMBER.test(number), line);
  return { labels, value: Number(number) };
}
