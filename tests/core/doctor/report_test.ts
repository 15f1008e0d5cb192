import assert from "node:assert/strict";
import { findingsOf } from "../../../core/doctor/finding.ts";
import { formatDoctor, formatDoctorJson } from "../../../core/doctor/report.ts";
import { styleOf } from "../../../core/show/style.ts";
import { ASCII } from "../../../core/terminal_text.ts";

const FINDINGS = [
  findingsOf("tun")("ok", "it opens"),
  findingsOf("rp-filter")("warning", "strict at eth\u001b0", {
    meaning: "drops",
    advice: "sysctl",
  }),
  findingsOf("clock")("problem", "1970", { interfaces: ["wg0"], meaning: "no handshakes" }),
];

Deno.test("a report for people says what was seen, what it means and what to do", () => {
  const text = formatDoctor(FINDINGS, { style: styleOf(false), charset: ASCII });
  assert.equal(
    text,
    `ok      tun          it opens
warning rp-filter    strict at eth\\u{1b}0
                     means: drops
                     do: sysctl
problem clock        1970
                     means: no handshakes

1 problem, 1 warning, 1 ok
`,
  );
  const coloured = formatDoctor(FINDINGS, { style: styleOf(true), charset: ASCII });
  // deno-lint-ignore no-control-regex -- the colours
  assert.equal(coloured.replaceAll(/\x1b\[\d+m/g, ""), text);
});

Deno.test("a report for programs has the same", () => {
  assert.deepEqual(JSON.parse(formatDoctorJson(FINDINGS.slice(2))), {
    version: 1,
    problems: 1,
    warnings: 0,
    unknowns: 0,
    findings: [{
      check: "clock",
      status: "problem",
      interfaces: ["wg0"],
      seen: "1970",
      meaning: "no handshakes",
      advice: "",
    }],
  });
});
