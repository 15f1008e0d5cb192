import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Journal,
  type JournalHeader,
  journalPath,
  type JournalState,
  parseJournal,
  readForeignJournals,
  readJournals,
} from "../../cli/journal.ts";
import type { Action, Undo } from "../../core/plan.ts";

const HEADER: JournalHeader = {
  interface: "wg0",
  namespace: { device: 4, inode: 4026531840, cookie: "1" },
  bootId: "8d5f",
  config: "/etc/wireguard/wg0.conf",
  table: null,
  preDown: ["echo %i"],
  postDown: [],
  saveConfig: false,
  birthNamespace: null,
  made: {
    addresses: ["10.0.0.1/24"],
    routes: ["10.9.0.0/16"],
    fwmark: null,
    endpoints: {},
    settingsOfUp: {},
    complete: true,
  },
};
const ENGINE = { pid: 4711, startTime: "99", interfaceIndex: 7 };
const CREATE: [Action, Undo] = [
  { kind: "create-interface", backend: "userspace" },
  { kind: "delete-interface" },
];
const SYSCTL: [Action, Undo] = [{ kind: "set-src-valid-mark" }, { kind: "restore-src-valid-mark" }];

/** Runs `body` with a directory of its own. */
function withDirectory(body: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    body(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Writes a journal of two changes, one done and one intended. Gives its state and path. */
function writeJournal(directory: string): { path: string; state: JournalState } {
  using journal = Journal.create(directory, HEADER);
  const entry = journal.intend(...CREATE, null);
  journal.startedEngine(ENGINE);
  journal.done(entry);
  journal.intend(...SYSCTL, "0");
  return { path: journal.path, state: journal.state };
}

Deno.test("a journal reads back as what was written", () => {
  withDirectory((directory) => {
    const { path, state } = writeJournal(directory);
    assert.equal(path, `${directory}/wg0@4026531840.journal`);
    assert.equal(path, journalPath(directory, HEADER.namespace, "wg0"));
    using journal = Journal.open(directory, HEADER, "wg0");
    assert.ok(journal);
    assert.deepEqual({ ...journal.state.header, version: undefined }, {
      ...HEADER,
      version: undefined,
    });
    assert.deepEqual(journal.state.entries, state.entries);
    assert.deepEqual(journal.state.entries.map(({ done, before }) => [done, before]), [
      [true, null],
      [false, "0"],
    ]);
    assert.deepEqual(journal.state.engine, ENGINE);
    assert.equal(journal.state.phase, "starting");
  });
});

Deno.test("a journal is for root's eyes only", () => {
  withDirectory((directory) => {
    const { path } = writeJournal(directory);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("a second journal of the same interface can't be started", () => {
  withDirectory((directory) => {
    writeJournal(directory);
    assert.throws(() => Journal.create(directory, HEADER), Deno.errors.AlreadyExists);
  });
});

Deno.test("a journal goes on where it ended, and numbers on", () => {
  withDirectory((directory) => {
    const { path } = writeJournal(directory);
    {
      using journal = Journal.open(directory, HEADER, "wg0");
      assert.ok(journal);
      const [create, sysctl] = journal.state.entries;
      assert.ok(create && sysctl);
      journal.undone(sysctl);
      journal.enter("down");
      assert.equal(journal.intend(...SYSCTL, "1").id, 2);
    }
    const state = parseJournal(Deno.readTextFileSync(path), path);
    assert.deepEqual(state?.entries.map(({ undone }) => undone), [false, true, false]);
    assert.equal(state?.phase, "down");
  });
});

Deno.test("wherever the file is torn, what is left says what was known at that point", () => {
  withDirectory((directory) => {
    const { path } = writeJournal(directory);
    const text = Deno.readTextFileSync(path);
    const lineEnds = [...text.matchAll(/\n/g)].map(({ index }) => index + 1);
    assert.equal(lineEnds.length, 5);
    for (let length = 0; length <= text.length; length++) {
      const lines = lineEnds.filter((end) => end <= length).length;
      Deno.writeTextFileSync(path, text.slice(0, length));
      using journal = Journal.open(directory, HEADER, "wg0");
      if (lines === 0) {
        assert.equal(journal, null);
        assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
        continue;
      }
      assert.ok(journal);
      const { entries, engine } = journal.state;
      assert.equal(entries.length, lines < 2 ? 0 : lines < 5 ? 1 : 2);
      assert.equal(engine?.pid, lines < 3 ? undefined : 4711);
      assert.equal(entries[0]?.done ?? false, lines >= 4);
      // What is written next doesn't run into the torn line.
      journal.enter("up");
      const again = parseJournal(Deno.readTextFileSync(path), path);
      assert.equal(again?.phase, "up");
      assert.equal(again?.entries.length, entries.length);
    }
  });
});

Deno.test("a damaged line costs that line only", () => {
  withDirectory((directory) => {
    const { path } = writeJournal(directory);
    const lines = Deno.readTextFileSync(path).split("\n");
    fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.string(), (at, noise) => {
      const damaged = lines.with(at, noise.replaceAll("\n", "")).join("\n");
      const state = parseJournal(damaged, path);
      assert.ok(state);
      assert.equal(state.entries.length, at === 1 || at === 4 ? 1 : 2);
    }));
  });
});

Deno.test("a journal of another boot or of a namespace that is gone says nothing", () => {
  for (
    const scope of [
      { ...HEADER, bootId: "another" },
      { ...HEADER, namespace: { ...HEADER.namespace, cookie: "2" } },
      { ...HEADER, namespace: { ...HEADER.namespace, device: 5 } },
    ]
  ) {
    withDirectory((directory) => {
      const { path } = writeJournal(directory);
      assert.deepEqual(readJournals(directory, scope), []);
      assert.equal(Journal.open(directory, scope, "wg0"), null);
      assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
    });
  }
});

Deno.test("a journal of another version is refused, not guessed at", () => {
  const text = `{"version":2,"interface":"wg0"}\n`;
  assert.throws(() => parseJournal(text, "/run/wgts/wg0@1.journal"), {
    message: "/run/wgts/wg0@1.journal was written by another version of wgts: " +
      "take the tunnel down with that one",
  });
});

Deno.test("journals are listed by namespace and by name", () => {
  withDirectory((directory) => {
    const elsewhere = { device: 4, inode: 1, cookie: "2" };
    Journal.create(directory, HEADER).close();
    Journal.create(directory, { ...HEADER, interface: "wg1" }).close();
    Journal.create(directory, { ...HEADER, namespace: elsewhere }).close();
    Deno.writeTextFileSync(`${directory}/wg0@1.lock`, "");
    const names = (states: JournalState[]) => states.map(({ header }) => header.interface);
    assert.deepEqual(names(readJournals(directory, HEADER)), ["wg0", "wg1"]);
    assert.deepEqual(names(readJournals(directory, HEADER, "wg0")), ["wg1"]);
    assert.deepEqual(names(readForeignJournals(directory, HEADER, "wg0")), ["wg0"]);
    assert.deepEqual(readForeignJournals(directory, HEADER, "wg1"), []);
    assert.deepEqual(readJournals(`${directory}/missing`, HEADER), []);
  });
});

Deno.test("an empty or headless file is no journal", () => {
  for (const text of ["", "\n", "null\n", "[]\n", `{"done":1}\n`, `{"version":1`]) {
    assert.equal(parseJournal(text, "x"), null, text);
  }
});

/** Runs `body` with no more than `room` bytes left on the disk. */
function withRoom(room: number, body: () => void): void {
  const { prototype } = Deno.FsFile;
  const { writeSync } = prototype;
  prototype.writeSync = function (this: Deno.FsFile, bytes: Uint8Array<ArrayBuffer>): number {
    if (room === 0) throw new Error("No space left on device (os error 28)");
    const written = writeSync.call(this, bytes.subarray(0, room));
    room -= written;
    return written;
  };
  try {
    body();
  } finally {
    prototype.writeSync = writeSync;
  }
}

Deno.test("a full disk stops up where it is, tears no line, and doesn't stop down", () => {
  for (const room of [0, 1, 20]) {
    withDirectory((directory) => {
      const { path } = writeJournal(directory);
      using journal = Journal.open(directory, HEADER, "wg0");
      assert.ok(journal);
      const full = { message: `Cannot write ${path}: No space left on device` };
      withRoom(room, () => {
        assert.throws(() => journal.intend(...SYSCTL, "0"), full);
        assert.throws(() => journal.enter("up"), full);
        for (const entry of journal.state.entries) journal.undone(entry);
        journal.enter("down");
      });
      assert.deepEqual(journal.state.entries.map(({ undone }) => undone), [true, true]);
      assert.equal(journal.state.phase, "down");
      // What there is room for later doesn't run into what there was none for.
      journal.intend(...SYSCTL, "1");
      const entries = parseJournal(Deno.readTextFileSync(path), path)?.entries;
      assert.deepEqual(entries?.map(({ before }) => before), [null, "0", "1"]);
    });
  }
});

Deno.test("a journal that can't be started leaves no file", () => {
  withDirectory((directory) => {
    withRoom(20, () => assert.throws(() => Journal.create(directory, HEADER), /No space left/));
    assert.deepEqual([...Deno.readDirSync(directory)], []);
  });
});

Deno.test("a reload renews what the journal says, and in the end it is as short as at first", () => {
  withDirectory((directory) => {
    const { path, state } = writeJournal(directory);
    const { length } = Deno.readTextFileSync(path);
    {
      using journal = Journal.open(directory, HEADER, "wg0");
      assert.ok(journal);
      const [create, sysctl] = journal.state.entries;
      journal.renew({ ...HEADER, table: 7, saveConfig: true });
      const kept = readJournals(directory, HEADER)[0];
      assert.equal(kept?.header.table, 7);
      assert.deepEqual(kept?.entries, state.entries);
      assert.ok(create !== undefined && sysctl !== undefined);
      journal.done(sysctl);
      journal.undone(sysctl);
      const again = journal.intend(...SYSCTL, "1");
      journal.settle(HEADER);
      // It goes on in the new file.
      journal.done(again);
    }
    const settled = readJournals(directory, HEADER)[0];
    assert.deepEqual(settled?.engine, ENGINE);
    assert.equal(settled?.header.saveConfig, false);
    assert.deepEqual(
      settled?.entries.map(({ action, before, done, undone }) => {
        return [action.kind, before, done, undone];
      }),
      [["create-interface", null, true, false], ["set-src-valid-mark", "1", true, false]],
    );
    const text = Deno.readTextFileSync(path);
    assert.ok(text.length < length + 100, `${text.length} instead of ${length} characters`);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), [
      path.slice(directory.length + 1),
    ]);
  });
});
