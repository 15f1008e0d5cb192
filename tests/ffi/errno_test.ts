import "./bind_libc.ts";
import assert from "node:assert/strict";
import { check, checkNumber, Errno, errno, errnoName, SysError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { outputOf } from "./run_program.ts";

Deno.test("an error tells the operation, what went wrong, its name, and what to do", () => {
  const error = new SysError("create the interface", Errno.EPERM, "ask root");
  assert.equal(
    error.message,
    "Cannot create the interface: Operation not permitted (EPERM): ask root",
  );
  assert.deepEqual([error.operation, error.errno, error.code, error.advice], [
    "create the interface",
    1,
    "EPERM",
    "ask root",
  ]);
  assert.match(new SysError("x", Errno.EPERM).message, /CAP_NET_ADMIN/);
  assert.equal(new SysError("x", Errno.EINVAL).message, "Cannot x: Invalid argument (EINVAL)");
  assert.equal(new SysError("x", 4242).message, "Cannot x: Unknown error 4242 (E4242)");
  assert.equal(errnoName(Errno.ENETUNREACH), "ENETUNREACH");
});

Deno.test("errno is that of the failed call, whatever ran before", () => {
  const ROUNDS = 20_000;
  const path = cString("/nonexistent");
  const wrong: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    // Garbage, so that collections happen all along.
    assert.equal(new Array(50).fill(i).map(String).length, 50);
    assert.equal(libc.close(-1), -1);
    const first = errno();
    assert.equal(libc.unlink(path), -1);
    const second = errno();
    if (first !== Errno.EBADF) wrong.push(first);
    if (second !== Errno.ENOENT) wrong.push(second);
  }
  // One round in a million is spoilt by a collection between the call and the reading of errno.
  assert.ok(wrong.length <= ROUNDS / 10_000, `wrong: ${wrong.join(", ")}`);
});

Deno.test("results are checked by their convention", () => {
  assert.equal(check("x", 7), 7);
  assert.throws(
    () => check("close it", libc.close(-1)),
    (error) => error instanceof SysError && error.code === "EBADF",
  );
  checkNumber("x", 0);
  assert.throws(() => checkNumber("x", Errno.ESRCH), /No such process \(ESRCH\)/);
});

Deno.test("nothing is opened before the first use, and binding doesn't disturb errno", async () => {
  const libcUrl = new URL("../../ffi/libc.ts", import.meta.url).href;
  const output = await outputOf({
    path: Deno.execPath(),
    arguments: [
      "deno",
      "eval",
      `const { dlopen } = Deno; let opened = 0;
       Deno.dlopen = (...args) => { opened++; return dlopen(...args); };
       const { libc, errno } = await import(${JSON.stringify(libcUrl)});
       console.log(opened);
       const result = libc.close(-1);
       console.log(result, errno(), opened);
       libc.close(-1);
       console.log(opened, libc.close === libc.close);`,
    ],
    environment: Deno.env.toObject(),
  });
  assert.equal(output, "0\n-1 9 2\n2 true\n");
});
