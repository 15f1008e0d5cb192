import assert from "node:assert/strict";

const MODULE = import.meta.resolve("../../../cli/system/interruption.ts");

/** Sends itself SIGHUP, some time later SIGTERM, and prints by which it was interrupted. */
const program = (milliseconds: number) => `
  import { Interruptions } from ${JSON.stringify(MODULE)};
  const { signal } = new Interruptions();
  signal.addEventListener("abort", () => {
    console.log(signal.reason.message);
    Deno.exit(0);
  });
  Deno.kill(Deno.pid, "SIGHUP");
  setTimeout(() => Deno.kill(Deno.pid, "SIGTERM"), ${milliseconds});
  setInterval(() => {}, 1000);
`;

/** What the program prints when a shell starts it after `preparation`. */
async function interruptedBy(preparation: string, milliseconds: number): Promise<string> {
  const script = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(script, program(milliseconds));
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
  assert.equal(await interruptedBy("", 120_000), "interrupted by SIGHUP");
  assert.equal(await interruptedBy("trap '' HUP INT;", 100), "interrupted by SIGTERM");
});
