import assert from "node:assert/strict";
import { isAlive } from "../../../../cli/system/dns/owners.ts";
import type { DnsOwner } from "../../../../cli/system/dns/record_store.ts";
import { Journal, type JournalScope } from "../../../../cli/journal.ts";
import { NOTHING_MADE, SCOPE } from "../harness.ts";

const MANAGER = { kind: "file", path: "/etc/resolv.conf", reason: "" } as const;

/** The journal of an `up` of wg0 in `scope` that set DNS. */
function journalOf(directory: string, scope: JournalScope): Journal {
  const about = {
    saveConfig: false,
    birthNamespace: null,
    made: NOTHING_MADE,
    config: "/etc/wireguard/wg0.conf",
    table: null,
    preDown: [],
    postDown: [],
  };
  const journal = Journal.create(directory, { interface: "wg0", ...scope, ...about });
  const settings = { servers: ["10.0.0.53"], search: [], routes: [] };
  const action = { kind: "set-dns", manager: MANAGER, settings } as const;
  journal.intend(action, { kind: "unset-dns", manager: MANAGER }, null);
  return journal;
}

function owner(scope: JournalScope): DnsOwner {
  return {
    interface: "wg0",
    settings: { servers: ["10.0.0.53"], search: [], routes: [] },
    ...scope,
  };
}

Deno.test("a tunnel has a part in resolv.conf from its journal's word until it is undone", () => {
  const directory = Deno.makeTempDirSync();
  try {
    assert.equal(isAlive(owner(SCOPE), SCOPE, directory), false);
    using journal = journalOf(directory, SCOPE);
    assert.equal(isAlive(owner(SCOPE), SCOPE, directory), true);
    assert.equal(isAlive(owner({ ...SCOPE, bootId: "before" }), SCOPE, directory), false);
    assert.equal(isAlive({ ...owner(SCOPE), interface: "wg1" }, SCOPE, directory), false);
    const [entry] = journal.state.entries;
    assert.ok(entry);
    journal.undone(entry);
    assert.equal(isAlive(owner(SCOPE), SCOPE, directory), false);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("a tunnel of another network namespace counts as long as that exists", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const { dev: device, ino } = Deno.statSync("/proc/self/ns/net");
    const inode = ino ?? 0;
    const alive = { ...SCOPE, namespace: { device, inode, cookie: "2" } };
    const gone = { ...SCOPE, namespace: { device, inode: 1, cookie: "3" } };
    assert.equal(isAlive(owner(alive), SCOPE, directory), false);
    journalOf(directory, alive).close();
    journalOf(directory, gone).close();
    assert.equal(isAlive(owner(alive), SCOPE, directory), true);
    assert.equal(isAlive(owner(gone), SCOPE, directory), false);
    // Its numbers were given to the namespace that we are in now.
    const again = { ...SCOPE, namespace: { device, inode, cookie: "4" } };
    assert.equal(isAlive(owner(alive), again, directory), false);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
