import assert from "node:assert/strict";
import { FileLock } from "../../../cli/system/lock.ts";

Deno.test("a lock has one holder at a time, and leaves no file", async () => {
  const directory = Deno.makeTempDirSync();
  const path = `${directory}/lock`;
  let holders = 0, turns = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    using _lock = await FileLock.acquire(path);
    holders++;
    assert.equal(holders, 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    holders--;
    turns++;
  }));
  assert.equal(turns, 8);
  assert.deepEqual([...Deno.readDirSync(directory)], []);
  Deno.removeSync(directory);
});

Deno.test("a lock of a process that was killed is free", async () => {
  const path = Deno.makeTempFileSync();
  const child = new Deno.Command("flock", {
    args: ["--no-fork", path, "sh", "-c", "echo locked; exec sleep 60"],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  assert.equal(FileLock.tryAcquire(path), null);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  FileLock.tryAcquire(path)?.release();
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("waiting for a lock is said once and can be given up", async () => {
  const path = Deno.makeTempFileSync();
  using _held = FileLock.tryAcquire(path);
  const controller = new AbortController();
  let said = 0;
  const waiting = FileLock.acquire(path, {
    signal: controller.signal,
    onWait: () => {
      said++;
      controller.abort(new Error("enough"));
    },
  });
  await assert.rejects(waiting, { message: "enough" });
  assert.equal(said, 1);
});

Deno.test("a lock whose file others removed is released, and theirs is left alone", () => {
  const path = Deno.makeTempFileSync();
  const lock = FileLock.tryAcquire(path);
  Deno.removeSync(path);
  const other = FileLock.tryAcquire(path);
  lock?.release();
  assert.equal(FileLock.tryAcquire(path), null);
  other?.release();
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
});
