import assert from "node:assert/strict";
import { installLinks } from "../../../cli/system/links.ts";

const NAMES = ["wg", "wg-quick", "wireguard-go"];

/** Runs `body` with an empty directory and a program outside of it. */
function withDirectory(body: (directory: string, program: string) => void): void {
  const root = Deno.makeTempDirSync();
  try {
    const program = `${root}/wgts`;
    Deno.writeTextFileSync(program, "program");
    Deno.mkdirSync(`${root}/bin`);
    body(`${root}/bin`, program);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function contents(directory: string): Record<string, string> {
  const entries = [...Deno.readDirSync(directory)].map(({ name, isSymlink, isDirectory }) => {
    const path = `${directory}/${name}`;
    if (isDirectory) return [name, "directory"];
    return [name, isSymlink ? `-> ${Deno.readLinkSync(path)}` : Deno.readTextFileSync(path)];
  });
  return Object.fromEntries(entries.toSorted());
}

function linksTo(target: string): Record<string, string> {
  return Object.fromEntries(NAMES.map((name) => [name, `-> ${target}`]));
}

Deno.test("the links are made, and again", () => {
  withDirectory((directory, program) => {
    const paths = NAMES.map((name) => `${directory}/${name}`);
    assert.deepEqual(installLinks(directory, program, false), paths);
    assert.deepEqual(contents(directory), linksTo(program));
    assert.deepEqual(installLinks(`${directory}/`, program, false), paths);
    Deno.removeSync(`${directory}/wg-quick`);
    assert.deepEqual(installLinks(directory, program, false), paths);
    assert.deepEqual(contents(directory), linksTo(program));
  });
});

Deno.test("what is no such link is replaced only by force, and nothing else is made", () => {
  withDirectory((directory, program) => {
    for (
      const [make, reason] of [
        [(path: string) => Deno.writeTextFileSync(path, "mine"), "another program is there"],
        [
          (path: string) => Deno.symlinkSync("/usr/bin/wg", path),
          "a link to another place is there",
        ],
        [(path: string) => Deno.symlinkSync("/nowhere", path), "a link to another place is there"],
      ] as const
    ) {
      const path = `${directory}/wireguard-go`;
      make(path);
      const before = contents(directory);
      assert.throws(() => installLinks(directory, program, false), {
        message: `Cannot install the link ${path}: ${reason} (--force replaces it)`,
      });
      assert.deepEqual(contents(directory), before);
      installLinks(directory, program, true);
      assert.deepEqual(contents(directory), linksTo(program));
      for (const name of NAMES) Deno.removeSync(`${directory}/${name}`);
    }
  });
});

/** Makes a directory in `root` whose path has `length` characters, or one more. */
function makeDeepDirectory(root: string, length: number): string {
  let directory = root;
  while (directory.length < length) {
    directory += `/${"x".repeat(Math.min(250, Math.max(1, length - directory.length - 1)))}`;
  }
  Deno.mkdirSync(directory, { recursive: true });
  return directory;
}

Deno.test("where it can't be seen what is there, the link is told that can't be made", () => {
  withDirectory((root, program) => {
    const directory = makeDeepDirectory(root, 4093);
    assert.throws(() => installLinks(directory, program, false), {
      message: `Cannot install the link ${directory}/wg: File name too long (ENAMETOOLONG)`,
    });
    const tooLong = `${directory}/${"x".repeat(9)}`;
    assert.throws(() => installLinks(tooLong, program, false), {
      message: `Cannot install links in ${tooLong}: File name too long (ENAMETOOLONG)`,
    });
  });
});

Deno.test("where one of them can't be made, all is as it was", () => {
  withDirectory((root, program) => {
    // In the deepest of them the last link's temporary file, and no other, would have too long a path:
    // by two or three characters, since a part has two at least. Its name is longer by four.
    const directory = makeDeepDirectory(root, 4095 + 2 - `/wireguard-go.wgts-${Deno.pid}`.length);
    Deno.writeTextFileSync(`${directory}/wg`, "mine");
    const before = contents(directory);
    assert.throws(() => installLinks(directory, program, true), {
      message:
        `Cannot install the link ${directory}/wireguard-go: File name too long (ENAMETOOLONG)`,
    });
    assert.deepEqual(contents(directory), before);
  });
});

Deno.test("neither a directory nor the program itself is replaced, not even by force", () => {
  withDirectory((directory, program) => {
    Deno.mkdirSync(`${directory}/wg-quick`);
    assert.throws(() => installLinks(directory, program, true), {
      message: `Cannot install the link ${directory}/wg-quick: a directory is there`,
    });
    assert.deepEqual(contents(directory), { "wg-quick": "directory" });
    Deno.removeSync(`${directory}/wg-quick`);
    // As somebody has it who copied the program to the name that he needed.
    Deno.linkSync(program, `${directory}/wg`);
    assert.throws(() => installLinks(directory, `${directory}/wg`, true), {
      message: `Cannot install the link ${directory}/wg: this program itself is there`,
    });
    assert.deepEqual(contents(directory), { wg: "program" });
  });
});

Deno.test("links are installed in directories only", () => {
  withDirectory((directory, program) => {
    for (const place of [`${directory}/none`, program, `${program}/none`]) {
      assert.throws(() => installLinks(place, program, true), {
        message: `Cannot install links in ${place}: no directory`,
      });
    }
  });
});
