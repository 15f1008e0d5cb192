import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Errno, SysError } from "../../ffi/errno.ts";
import { NewFile } from "../../ffi/new_file.ts";
import { rootTest } from "./privileged.ts";

function inDirectory(test: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    test(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("a new file takes the place of nothing, and is its owner's only", () => {
  inDirectory((directory) => {
    const path = `${directory}/new`;
    const isThere = (error: unknown) => error instanceof SysError && error.errno === Errno.EEXIST;
    {
      using file = NewFile.create(path);
      file.writeAll(new Uint8Array(100_000).fill(65));
      file.sync();
    }
    assert.equal(Deno.readTextFileSync(path), "A".repeat(100_000));
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o7777, 0o600);
    assert.throws(() => NewFile.create(path), isThere);
    Deno.symlinkSync(`${directory}/nothing`, `${directory}/link`);
    assert.throws(() => NewFile.create(`${directory}/link`), isThere);
  });
});

rootTest("a new file gets its owner and mode, and not what has taken its place at the path", () => {
  inDirectory((directory) => {
    const path = `${directory}/new`, victim = `${directory}/victim`;
    Deno.writeTextFileSync(victim, "", { mode: 0o600 });
    using file = NewFile.create(path);
    Deno.renameSync(path, `${directory}/moved`);
    Deno.symlinkSync(victim, path);
    file.permit({ uid: 12, gid: 34, mode: 0o2644 });
    const permissions = (name: string) => {
      const { uid, gid, mode } = Deno.statSync(`${directory}/${name}`);
      return [uid, gid, (mode ?? 0) & 0o7777];
    };
    assert.deepEqual(permissions("moved"), [12, 34, 0o2644]);
    assert.deepEqual(permissions("victim"), [0, 0, 0o600]);
  });
});
