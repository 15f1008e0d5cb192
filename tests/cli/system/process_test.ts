import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import {
  findEngine,
  identifyProcess,
  isEngine,
  parseProcessStat,
  signalProcess,
} from "../../../cli/system/process.ts";

/** A line of /proc/PID/stat with the fields that matter. */
function stat(name: string, state: string, threads: number): string {
  const between = Array(16).fill("0").join(" ");
  return `42 (${name}) ${state} ${between} ${threads} 0 123456 0 0\n`;
}

Deno.test("a process is its number and start time, whatever its name", () => {
  for (const name of ["deno", "a b", "x) Z 1 (y", "()"]) {
    assert.deepEqual(parseProcessStat(42, stat(name, "S", 9)), { pid: 42, startTime: "123456" });
  }
});

Deno.test("a zombie is gone once its last thread is", () => {
  assert.deepEqual(parseProcessStat(42, stat("deno", "Z", 3)), { pid: 42, startTime: "123456" });
  assert.equal(parseProcessStat(42, stat("deno", "Z", 1)), null);
  assert.equal(parseProcessStat(42, stat("deno", "X", 0)), null);
  assert.equal(parseProcessStat(42, ""), null);
});

Deno.test("a signal reaches that very process only", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const identity = identifyProcess(child.pid);
  assert.ok(identity);
  signalProcess({ ...identity, startTime: "1" }, "SIGKILL");
  assert.deepEqual(identifyProcess(child.pid), identity);
  signalProcess(identity, "SIGTERM");
  assert.equal((await child.status).signal, "SIGTERM");
  assert.equal(identifyProcess(child.pid), null);
  signalProcess(identity, "SIGKILL");
});

Deno.test("an engine is known by its command line", () => {
  assert.ok(isEngine("/usr/bin/wgts\0engine\0wg0\0--orders-fd=3\0", "wg0"));
  assert.ok(isEngine("deno\0run\0-A\0main.ts\0engine\0wg0\0", "wg0"));
  assert.ok(!isEngine("/usr/bin/wgts\0engine\0wg01\0", "wg0"));
  assert.ok(!isEngine("/usr/bin/wgts\0up\0wg0\0", "wg0"));
  assert.ok(!isEngine("vi\0engine wg0\0", "wg0"));
  assert.equal(findEngine("wgts-no-such"), null);
});
