import assert from "node:assert/strict";
import { splitBackend } from "../../../cli/system/backend.ts";

const none = () => undefined;

Deno.test("the backend is told by the option, else by the environment, else it is userspace", () => {
  assert.deepEqual(splitBackend(["wg0"], none), { rest: ["wg0"], backend: "userspace" });
  for (const backend of ["auto", "kernel", "userspace"] as const) {
    const environment = (variable: string) => variable === "WGTS_BACKEND" ? backend : undefined;
    assert.deepEqual(splitBackend(["wg0"], environment), { rest: ["wg0"], backend });
    for (const option of [[`--backend=${backend}`], ["--backend", backend]]) {
      const expected = { rest: ["-f", "wg0"], backend };
      assert.deepEqual(splitBackend(["-f", ...option, "wg0"], none), expected);
      assert.deepEqual(splitBackend(["--backend=auto", "-f", "wg0", ...option], none), expected);
      assert.deepEqual(splitBackend([...option, "-f", "wg0"], () => "auto"), expected);
    }
  }
  assert.equal(splitBackend([], () => "").backend, "userspace", "empty is not set");
});

Deno.test("behind -- nothing is an option", () => {
  const args = ["-f", "--", "--backend=kernel"];
  assert.deepEqual(splitBackend(args, none), { rest: args, backend: "userspace" });
});

Deno.test("a backend that there isn't is refused, and by name", () => {
  const refused = (args: string[], environment: () => string | undefined, message: RegExp) =>
    assert.throws(() => splitBackend(args, environment), { message });
  refused(["--backend=bsd", "wg0"], none, /^Cannot use --backend=bsd: expected "auto", "kernel"/);
  refused(["wg0", "--backend"], none, /^Cannot use --backend=: expected/);
  refused(["wg0"], () => "Kernel", /^Cannot use WGTS_BACKEND=Kernel: expected/);
});
