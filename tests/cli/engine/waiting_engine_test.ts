/**
 * An engine that waits for orders: that it tells nothing without any, and doesn't outlive who started
 * it.
 */
import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { WaitingEngine } from "../../../cli/engine/start.ts";
import { libc } from "../../../ffi/libc.ts";
import { MessageSocket } from "../../../ffi/message_socket.ts";
import { spawn, waitForExit } from "../../../ffi/process.ts";
import { openPipe, readText } from "../../ffi/pipe.ts";

const PROGRAM = new URL("../../../cli/main.ts", import.meta.url).pathname;

/** Starts an engine with `options`, and gives what it printed and its exit code when no orders come. */
async function withoutOrders(
  ...options: string[]
): Promise<{ output: string; code: number | null }> {
  const [own, engines] = MessageSocket.pair();
  const { reading, writing } = openPipe();
  const pid = spawn({
    path: Deno.execPath(),
    arguments: ["deno", "run", "-A", "--quiet", PROGRAM, "engine", "wgu0", "--orders-fd=3"]
      .concat("--log=stderr", options),
    environment: { ...Deno.env.toObject(), LOG_LEVEL: "debug" },
    fds: [[0, null], [1, writing], [2, writing], [3, engines.fd]],
  });
  engines.close();
  libc.close(writing);
  own.close();
  const { code } = await waitForExit(pid);
  return { output: readText(reading), code };
}

Deno.test("an engine that gets no orders ends without a word", async () => {
  assert.deepEqual(await withoutOrders(), { output: "", code: 0 });
});

Deno.test("an engine that can't serve anything says so only if it is to", async () => {
  // One of them needs a library, the other a processor, that isn't everywhere.
  for (const crypto of ["native", "libcrypto"]) {
    assert.deepEqual(await withoutOrders(`--crypto=${crypto}`), { output: "", code: 0 });
  }
});

Deno.test("a waiting engine that isn't needed is gone at once", () => {
  const before = [...Deno.readDirSync("/proc/self/fd")].length;
  let pid: number;
  {
    using engine = WaitingEngine.start("wgu1", { log: "syslog", options: [] });
    pid = engine.pid;
  }
  assert.throws(() => Deno.statSync(`/proc/${pid}`), Deno.errors.NotFound);
  assert.equal([...Deno.readDirSync("/proc/self/fd")].length, before);
});
