import assert from "node:assert/strict";
import { addToResolvconf, deleteFromResolvconf } from "../../../../cli/system/dns/resolvconf.ts";

const SETTINGS = { servers: ["10.0.0.53"], search: [], routes: [] };

/** Has `resolvconf` be a script that notes its arguments and then does `rest`. */
class FakeResolvconf implements Disposable {
  readonly #directory = Deno.makeTempDirSync();
  readonly #path = Deno.env.get("PATH") ?? "";

  constructor(rest: string) {
    const path = `${this.#directory}/resolvconf`;
    const script = `#!/bin/sh\necho "$@" >>${this.#directory}/calls\n${rest}\n`;
    Deno.writeTextFileSync(path, script, { mode: 0o755 });
    Deno.env.set("PATH", `${this.#directory}:${this.#path}`);
  }

  get cameLate(): boolean {
    return [...Deno.readDirSync(this.#directory)].some(({ name }) => name === "resolvconf.late");
  }

  get calls(): string[] {
    return Deno.readTextFileSync(`${this.#directory}/calls`).trim().split("\n");
  }

  [Symbol.dispose](): void {
    Deno.env.set("PATH", this.#path);
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

Deno.test("a resolvconf that hangs is killed, so that nobody waits for ever", async () => {
  using fake = new FakeResolvconf('sleep 5; echo late >>"$0.late"');
  await assert.rejects(deleteFromResolvconf("wgtsrc0", 50), /-d wgtsrc0 -f didn't end in 0.05 s/);
  assert.ok(!fake.cameLate);
});

Deno.test("what resolvconf noted before it failed is taken back", async () => {
  using fake = new FakeResolvconf('[ "$1" = -d ]');
  await assert.rejects(addToResolvconf("wgtsrc0", SETTINGS), /-a .* failed with exit code 1/);
  assert.deepEqual(fake.calls, ["-a wgtsrc0 -m 0 -x", "-d wgtsrc0 -f"]);
});
