import "../../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { Bus } from "../../../../cli/system/dns/bus.ts";
import { Errno, SysError } from "../../../../ffi/errno.ts";

/** The next message of a thread. */
async function messageOf(worker: Worker): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  worker.onmessage = ({ data }) => resolve(data);
  return await promise;
}

Deno.test("a message bus that says a little now and then isn't waited for beyond the time limit", async () => {
  const directory = await Deno.makeTempDir();
  const worker = new Worker(new URL("./slow_bus.ts", import.meta.url), { type: "module" });
  try {
    const path = `${directory}/bus`;
    worker.postMessage(path);
    assert.equal(await messageOf(worker), "listening");
    const closed = messageOf(worker);
    // Each byte comes in time, and all of them don't.
    assert.throws(
      () => Bus.open({ path, timeoutMs: 400 })[Symbol.dispose](),
      (error) => error instanceof SysError && error.errno === Errno.EAGAIN,
    );
    assert.equal(await closed, "closed");
  } finally {
    worker.terminate();
    await Deno.remove(directory, { recursive: true });
  }
});
