/** `wgts doctor`, as a process of its own, on this host. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { DOCTOR_CHECKS, findingsOf } from "../../core/doctor/finding.ts";
import { formatDoctorJson } from "../../core/doctor/report.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const SCHEMA_FILE = new URL("../../cli/share/doctor.schema.json", import.meta.url);

const schema = JSON.parse(Deno.readTextFileSync(SCHEMA_FILE));
const validator = new Ajv2020({ allErrors: true, strictTypes: false });
const validate = validator.compile(schema);

function problemsOf(value: unknown): string {
  return validate(value) ? "" : validator.errorsText(validate.errors);
}

async function doctor(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "doctor", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("the schema of doctor is valid, knows all checks, and little else fits it", () => {
  assert.ok(validator.validateSchema(schema));
  const { check } = schema.$defs.finding.properties;
  assert.deepEqual(check.enum, Object.keys(DOCTOR_CHECKS));
  const example = () => JSON.parse(formatDoctorJson([findingsOf("tun")("problem", "x")]));
  assert.equal(problemsOf(example()), "");
  assert.notEqual(problemsOf({ ...example(), version: 2 }), "");
  assert.notEqual(problemsOf({ ...example(), other: 1 }), "");
  const [finding] = example().findings;
  for (const change of [{ check: "x" }, { status: "fine" }, { seen: "" }, { interfaces: "wg0" }]) {
    assert.notEqual(problemsOf({ ...example(), findings: [{ ...finding, ...change }] }), "");
  }
});

Deno.test("what doctor says of this host fits the schema, and the exit code tells of problems", async () => {
  const { code, stdout, stderr } = await doctor("--json");
  assert.equal(stderr, "");
  const report = JSON.parse(stdout);
  assert.equal(problemsOf(report), "");
  assert.equal(code, report.problems > 0 ? 1 : 0);
  const checks = report.findings.map(({ check }: { check: string }) => check);
  for (const check of Object.keys(DOCTOR_CHECKS)) {
    if (check !== "mtu") assert.ok(checks.includes(check), check);
  }
  const { stdout: printed } = await doctor("--json-schema");
  assert.deepEqual(JSON.parse(printed), schema);
});

Deno.test("a tunnel that there isn't has no doctor", async () => {
  const { code, stderr } = await doctor("no-such-wgts");
  assert.equal(code, 1);
  assert.match(stderr, /^wgts: `\/etc\/wireguard\/no-such-wgts\.conf' does not exist/);
});
