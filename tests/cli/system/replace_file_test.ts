import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { FileChangedError, fileVersion, replaceFile } from "../../../cli/system/replace_file.ts";
import { Errno, SysError } from "../../../ffi/errno.ts";
import { NewFile } from "../../../ffi/new_file.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Runs `test` with a directory that holds only the file "config". */
function inDirectory(test: (directory: string, path: string) => void): void {
  const directory = Deno.realPathSync(Deno.makeTempDirSync());
  try {
    const path = `${directory}/config`;
    Deno.writeTextFileSync(path, "old");
    test(directory, path);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test("replaceFile keeps mode and owner", () => {
  const isRoot = Deno.uid() === 0;
  for (const mode of [0o600, 0o640, 0o644, 0o400]) {
    inDirectory((directory, path) => {
      if (isRoot) Deno.chownSync(path, 12, 34);
      Deno.chmodSync(path, mode);
      const before = Deno.statSync(path);
      replaceFile(fileVersion(path), bytes("new"));
      const after = Deno.statSync(path);
      assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
      assert.notEqual(after.ino, before.ino);
      assert.equal(Deno.readTextFileSync(path), "new");
      assert.deepEqual(names(directory), ["config"]);
    });
  }
});

Deno.test("replaceFile replaces what a symbolic link leads to", () => {
  inDirectory((directory, path) => {
    Deno.mkdirSync(`${directory}/links`);
    Deno.symlinkSync("../config", `${directory}/links/link`);
    replaceFile(fileVersion(`${directory}/links/link`), bytes("new"));
    assert.equal(Deno.readTextFileSync(path), "new");
    assert.equal(Deno.readLinkSync(`${directory}/links/link`), "../config");
    assert.deepEqual(names(`${directory}/links`), ["link"]);
  });
});

Deno.test("replaceFile leaves a file alone that somebody else changed", () => {
  const changes: ((path: string) => void)[] = [
    (path) => Deno.writeTextFileSync(path, "theirs"),
    (path) => Deno.utimeSync(path, 1, 1),
    (path) => Deno.removeSync(path),
    (path) => {
      Deno.copyFileSync(path, `${path}.new`);
      Deno.renameSync(`${path}.new`, path);
    },
  ];
  for (const change of changes) {
    inDirectory((directory, path) => {
      const version = fileVersion(path);
      change(path);
      const theirs = names(directory).map((name) => Deno.readTextFileSync(`${directory}/${name}`));
      assert.throws(() => replaceFile(version, bytes("new")), FileChangedError);
      const after = names(directory).map((name) => Deno.readTextFileSync(`${directory}/${name}`));
      assert.deepEqual(after, theirs);
    });
  }
});

Deno.test("replaceFile never writes to a file that is there", () => {
  inDirectory((directory, path) => {
    const trap = `${path}.${Deno.pid}.tmp`;
    Deno.writeTextFileSync(trap, "trap");
    assert.throws(() => replaceFile(fileVersion(path), bytes("new")), { errno: Errno.EEXIST });
    assert.equal(Deno.readTextFileSync(trap), "trap");
    assert.equal(Deno.readTextFileSync(path), "old");
    assert.deepEqual(names(directory), ["config", `config.${Deno.pid}.tmp`]);
  });
});

Deno.test("replaceFile keeps the old file when the disk is full", () => {
  inDirectory((directory, path) => {
    const version = fileVersion(path);
    const write = NewFile.prototype.writeAll;
    NewFile.prototype.writeAll = () => {
      throw new SysError("write", Errno.ENOSPC);
    };
    try {
      assert.throws(() => replaceFile(version, bytes("new")), /No space left/);
    } finally {
      NewFile.prototype.writeAll = write;
    }
    assert.equal(Deno.readTextFileSync(path), "old");
    assert.deepEqual(names(directory), ["config"]);
  });
});
