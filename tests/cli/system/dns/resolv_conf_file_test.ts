import "../../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { readFileState } from "../../../../cli/system/dns/file_state.ts";
import {
  type DnsOwner,
  RecordStore,
  type StoredRecord,
} from "../../../../cli/system/dns/record_store.ts";
import { ResolvConfFile } from "../../../../cli/system/dns/resolv_conf_file.ts";

const BOOT = "boot-1";
/** Not UTF-8, and without a line feed at its end. */
const ORIGINAL = Uint8Array.from([..."nameserver 192.0.2.1\n# caf"].map((c) => c.charCodeAt(0)))
  .map((byte, i, all) => i === all.length - 1 ? 0xe9 : byte);

const ALL = () => true;
const NONE = () => false;

function owner(name: string, server: string, bootId = BOOT): DnsOwner {
  return {
    interface: name,
    settings: { servers: [server], search: [], routes: [] },
    namespace: { device: 4, inode: 4026531840, cookie: "1" },
    bootId,
  };
}
const WG0 = owner("wg0", "10.0.0.53"), WG1 = owner("wg1", "10.1.0.53");

/** A directory with an `etc`, and one for records. */
class Place implements Disposable {
  readonly root = Deno.makeTempDirSync();
  readonly path = `${this.root}/etc/resolv.conf`;
  readonly records = `${this.root}/lib/wgts`;

  constructor() {
    Deno.mkdirSync(`${this.root}/etc`);
    Deno.writeFileSync(this.path, ORIGINAL, { mode: 0o640 });
    Deno.chmodSync(this.path, 0o640);
  }

  file(bootId = BOOT, store = new RecordStore([this.records])): ResolvConfFile {
    return new ResolvConfFile({ path: this.path, store, bootId });
  }

  servers(): string[] {
    return Deno.readTextFileSync(this.path).match(/(?<=^nameserver ).*/gm) ?? [];
  }

  /** Nothing is left of any tunnel. */
  assertRestored(original = ORIGINAL): void {
    assert.deepEqual(Deno.readFileSync(this.path), original);
    this.assertForgotten();
  }

  assertForgotten(): void {
    assert.throws(() => Deno.statSync(this.records), Deno.errors.NotFound);
    const names = [...Deno.readDirSync(`${this.root}/etc`)].map(({ name }) => name);
    assert.deepEqual(names.filter((name) => /tmp/.test(name)), []);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

/** kill -9 right behind the save of a record, or right before it is removed. */
class CrashingStore extends RecordStore {
  override save(record: StoredRecord): void {
    super.save(record);
    throw new Error("killed");
  }

  override remove(): void {
    throw new Error("killed");
  }
}

function leaving(...names: string[]): (owner: DnsOwner) => boolean {
  return (owner) => !names.includes(owner.interface);
}

Deno.test("resolv.conf is restored byte by byte, with its mode", () => {
  using place = new Place();
  assert.deepEqual(place.file().join(WG0, ALL), []);
  assert.deepEqual(place.servers(), ["10.0.0.53"]);
  assert.equal((Deno.statSync(place.path).mode ?? 0) & 0o7777, 0o640);
  assert.deepEqual(place.file().leave(leaving("wg0")), []);
  place.assertRestored();
  assert.equal((Deno.statSync(place.path).mode ?? 0) & 0o7777, 0o640);
});

Deno.test("two tunnels share resolv.conf, and leave in any order", () => {
  for (const [first, second, left] of [["wg0", "wg1", WG1], ["wg1", "wg0", WG0]] as const) {
    using place = new Place();
    place.file().join(WG0, ALL);
    place.file().join(WG1, ALL);
    assert.deepEqual(place.servers(), ["10.1.0.53", "10.0.0.53"]);
    place.file().leave(leaving(first));
    assert.deepEqual(place.servers(), left.settings.servers);
    place.file().leave(leaving(second));
    place.assertRestored();
  }
});

Deno.test("a tunnel's new settings take the place of its former ones", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  place.file().join(WG1, ALL);
  place.file().join(owner("wg0", "10.0.0.54"), ALL);
  assert.deepEqual(place.servers(), ["10.0.0.54", "10.1.0.53"]);
  place.file().leave(NONE);
  place.assertRestored();
});

Deno.test("a symbolic link is replaced, its target is not touched, and it comes back", () => {
  using place = new Place();
  Deno.renameSync(place.path, `${place.root}/target`);
  Deno.symlinkSync("../target", place.path);
  place.file().join(WG0, ALL);
  assert.deepEqual(place.servers(), ["10.0.0.53"]);
  assert.ok(Deno.lstatSync(place.path).isFile);
  assert.deepEqual(Deno.readFileSync(`${place.root}/target`), ORIGINAL);
  // Who manages the target goes on with it.
  Deno.writeTextFileSync(`${place.root}/target`, "nameserver 192.0.2.2\n");
  place.file().leave(NONE);
  assert.equal(Deno.readLinkSync(place.path), "../target");
  place.assertForgotten();
});

Deno.test("where there was no resolv.conf, there is none afterwards, and a link to nothing stays one", () => {
  using place = new Place();
  Deno.removeSync(place.path);
  place.file().join(WG0, ALL);
  assert.deepEqual(place.servers(), ["10.0.0.53"]);
  place.file().leave(NONE);
  assert.deepEqual(readFileState(place.path), { kind: "absent" });
  place.assertForgotten();

  Deno.symlinkSync("/nowhere/resolv.conf", place.path);
  place.file().join(WG0, ALL);
  assert.deepEqual(place.servers(), ["10.0.0.53"]);
  place.file().leave(NONE);
  assert.equal(Deno.readLinkSync(place.path), "/nowhere/resolv.conf");
  place.assertForgotten();
});

Deno.test("what somebody else writes meanwhile stays when the tunnels leave", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  place.file().join(WG1, ALL);
  Deno.writeTextFileSync(place.path, "nameserver 192.0.2.99\n");
  for (const name of ["wg1", "wg0"]) {
    assert.match(place.file().leave(leaving(name)).join(), /somebody else changed .* it stays so/);
    assert.deepEqual(place.servers(), ["192.0.2.99"]);
  }
  place.assertForgotten();
});

Deno.test("a link or a removal by somebody else stays too", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  Deno.removeSync(place.path);
  Deno.symlinkSync("/run/elsewhere", place.path);
  assert.equal(place.file().leave(NONE).length, 1);
  assert.equal(Deno.readLinkSync(place.path), "/run/elsewhere");
  place.file().join(WG0, ALL);
  Deno.removeSync(place.path);
  assert.equal(place.file().leave(NONE).length, 1);
  assert.deepEqual(readFileState(place.path), { kind: "absent" });
  place.assertForgotten();
});

Deno.test("what somebody else wrote is what comes back to the next tunnel", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  Deno.writeTextFileSync(place.path, "nameserver 192.0.2.99\n");
  assert.match(place.file().join(WG1, ALL).join(), /somebody else changed .* comes back/);
  assert.deepEqual(place.servers(), ["10.1.0.53", "10.0.0.53"]);
  place.file().leave(leaving("wg1"));
  assert.deepEqual(place.servers(), ["10.0.0.53"]);
  place.file().leave(leaving("wg0"));
  place.assertRestored(new TextEncoder().encode("nameserver 192.0.2.99\n"));
});

Deno.test("when somebody else restored it already, there is nothing to say", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  Deno.writeFileSync(place.path, ORIGINAL);
  assert.deepEqual(place.file().leave(NONE), []);
  place.assertRestored();
});

Deno.test("kill -9 between the record and the file: each tunnel still finds the original", () => {
  const crashing = (place: Place) => place.file(BOOT, new CrashingStore([place.records]));
  {
    using place = new Place();
    assert.throws(() => crashing(place).join(WG0, ALL), /killed/);
    assert.deepEqual(Deno.readFileSync(place.path), ORIGINAL);
    assert.deepEqual(place.file().leave(NONE), []);
    place.assertRestored();
  }
  {
    using place = new Place();
    place.file().join(WG0, ALL);
    assert.throws(() => crashing(place).join(WG1, ALL), /killed/);
    assert.deepEqual(place.servers(), ["10.0.0.53"]);
    assert.deepEqual(place.file().leave(leaving("wg1")), []);
    assert.deepEqual(place.servers(), ["10.0.0.53"]);
    assert.throws(() => crashing(place).leave(NONE), /killed/);
    assert.deepEqual(Deno.readFileSync(place.path), ORIGINAL);
    assert.deepEqual(place.file().leave(NONE), []);
    place.assertRestored();
  }
  {
    using place = new Place();
    place.file().join(WG0, ALL);
    place.file().join(WG1, ALL);
    assert.throws(() => crashing(place).leave(leaving("wg0")), /killed/);
    assert.deepEqual(place.file().leave(leaving("wg1")), []);
    place.assertRestored();
  }
});

Deno.test("blank lines that a kill -9 left while writing in place don't make it somebody else's", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  Deno.writeTextFileSync(place.path, "\n\n\n", { append: true });
  assert.deepEqual(place.file().leave(NONE), []);
  place.assertRestored();
});

Deno.test("what a kill -9 left beside resolv.conf goes away", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  Deno.writeTextFileSync(`${place.path}.wgts-tmp`, "half a");
  place.file().leave(NONE);
  place.assertRestored();
});

Deno.test("what a kill -9 left of a record goes away", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  const [{ name } = { name: "" }] = Deno.readDirSync(place.records);
  Deno.renameSync(`${place.records}/${name}`, `${place.records}/${name}.tmp`);
  Deno.writeFileSync(place.path, ORIGINAL);
  place.file().leave(NONE);
  place.assertRestored();
});

Deno.test("after a reboot, also one that numbers devices anew, the original is known", () => {
  for (const device of [null, 12345]) {
    using place = new Place();
    place.file().join(WG0, ALL);
    if (device !== null) renumber(place, device);
    const file = place.file("boot-2");
    assert.deepEqual(file.owners().map(({ bootId }) => bootId), [BOOT]);
    assert.deepEqual(file.leave(({ bootId }) => bootId === "boot-2"), []);
    place.assertRestored();
  }
});

Deno.test("after a reboot, a new tunnel knows the original too", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  renumber(place, 12345);
  place.file("boot-2").join(owner("wg1", "10.1.0.53", "boot-2"), ({ bootId }) => bootId !== BOOT);
  assert.deepEqual(place.servers(), ["10.1.0.53"]);
  place.file("boot-2").leave(NONE);
  place.assertRestored();
});

Deno.test("the record of another place with the same inode, and another file, doesn't count", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  renumber(place, 12345);
  Deno.writeTextFileSync(place.path, "nameserver 192.0.2.98\n");
  assert.deepEqual(place.file("boot-2").owners(), []);
  assert.deepEqual(place.file("boot-2").leave(NONE), []);
  assert.deepEqual(place.servers(), ["192.0.2.98"]);
});

/** As if the directory of `place` had been on a device of another number. */
function renumber({ records }: Place, device: number): void {
  for (const { name } of [...Deno.readDirSync(records)]) {
    const record = JSON.parse(Deno.readTextFileSync(`${records}/${name}`));
    record.place.device = device;
    Deno.removeSync(`${records}/${name}`);
    const other = `resolv.conf@directory-${device}-${record.place.inode}.json`;
    Deno.writeTextFileSync(`${records}/${other}`, JSON.stringify(record));
  }
}

Deno.test("tunnels that are gone lose their part when another one joins or leaves", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  place.file().join(WG1, NONE);
  assert.deepEqual(place.servers(), ["10.1.0.53"]);
  place.file().leave(NONE);
  place.assertRestored();
});

Deno.test("nothing is written where the original can't be kept", () => {
  using place = new Place();
  Deno.writeTextFileSync(`${place.root}/lib`, "a file");
  assert.throws(() => place.file().join(WG0, ALL), /Cannot keep the original of .*resolv.conf in /);
  assert.deepEqual(Deno.readFileSync(place.path), ORIGINAL);
  const other = `${place.root}/run/wgts`;
  const store = new RecordStore([place.records, other]);
  place.file(BOOT, store).join(WG0, ALL);
  assert.equal([...Deno.readDirSync(other)].length, 1);
  place.file(BOOT, store).leave(NONE);
  assert.deepEqual(Deno.readFileSync(place.path), ORIGINAL);
  assert.throws(() => Deno.statSync(other), Deno.errors.NotFound);
});

Deno.test("what is no file isn't touched", () => {
  using place = new Place();
  Deno.removeSync(place.path);
  Deno.mkdirSync(place.path);
  assert.throws(() => place.file().join(WG0, ALL), /is not a file/);
  place.assertForgotten();
});

Deno.test("a damaged record, or one of another version, is not guessed at", () => {
  using place = new Place();
  place.file().join(WG0, ALL);
  const [{ name } = { name: "" }] = Deno.readDirSync(place.records);
  const write = (text: string) => Deno.writeTextFileSync(`${place.records}/${name}`, text);
  for (const text of ["", "{", "null", "{}", '{"version":1}', '{"version":1,"original":7}']) {
    write(text);
    assert.deepEqual(place.file().leave(NONE), []);
    assert.deepEqual(place.servers(), ["10.0.0.53"]);
  }
  write('{"version":2}');
  assert.throws(() => place.file().leave(NONE), /written by another version/);
  assert.throws(() => place.file().join(WG1, ALL), /written by another version/);
  assert.deepEqual(place.servers(), ["10.0.0.53"]);
});
