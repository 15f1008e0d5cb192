import assert from "node:assert/strict";

const MODULE = import.meta.resolve("../../../cli/system/interruption.ts");

/** Sends itself SIGHUP, then SIGTERM, and prints by which it was interrupted. */
const PROGRAM = `
  import { Interruptions } from ${JSON.stringify(MODULE)};
  const { signal } = new Interruptions();
  signal.addEventListener("abort", () => {
    console.log(signal.reason.message);
    Deno.exit(0);
  });
  Deno.kill(Deno.pid, "SIGHUP");
  setTimeout(() => Deno.kill(Deno.pid, "SIGTERM"), 100);
  setInterval(() => {}, 1000);
`;

/** What the program prints when a shell starts it after `preparation`. */
async function interruptedBy(preparation: string): Promise<string> {
  const script = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(script, PROGRAM);
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `${preparation} exec "$@"`, "sh", Deno.execPath(), "run", "-A", script],
      stderr: "inherit",
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } finally {
    Deno.removeSync(script);
  }
}

Deno.test("a hangup interrupts, but not where it was ignored from the start", async () => {
  assert.equal(await interruptedBy(""), "interrupted by SIGHUP");
  assert.equal(await interruptedBy("trap '' HUP INT;"), "interrupted by SIGTERM");
});
