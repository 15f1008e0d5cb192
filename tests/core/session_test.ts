import assert from "node:assert/strict";
import type { TransportAead } from "../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { IndexTable } from "../../core/index_table.ts";
import { KEY_SLOT_SIZE, KeySlots } from "../../core/key_slots.ts";
import { type Memory, memoryOf } from "../../core/memory.ts";
import { SessionKeys } from "../../core/noise/handshake.ts";
import type { Peer } from "../../core/peer.ts";
import { Session } from "../../core/session.ts";
import { Sessions } from "../../core/sessions.ts";
import { pair } from "./sim.ts";
import { SeededRandom } from "./seeded_random.ts";

const KEYS = { offset: 0, length: 16 * KEY_SLOT_SIZE };
const MESSAGE = 2048;
const LIST = 4096;
const CREATED_AT = 5000;

/** Sessions as one end of a tunnel holds them. */
class End {
  readonly memory: Memory = memoryOf(new ArrayBuffer(8192));
  readonly aead: TransportAead = createNobleCrypto(this.memory).transport;
  readonly keySlots: KeySlots = new KeySlots(this.memory, KEYS.offset, KEYS.length);
  readonly indices: IndexTable<Peer | Session> = new IndexTable(new SeededRandom(1).fill);
  readonly #peer: Peer;

  constructor() {
    const { a, b } = pair();
    this.#peer = a.peer(b);
  }

  session(initiator: boolean, sendKey = 1, receiveKey = 2): Session {
    const slot = this.keySlots.allocate();
    const keys = new SessionKeys(this.keySlots.sendKey(slot), this.keySlots.receiveKey(slot));
    keys.sendKey.fill(sendKey);
    keys.receiveKey.fill(receiveKey);
    keys.initiator = initiator;
    keys.localIndex = this.indices.allocate(this.#peer);
    keys.remoteIndex = 0xfedcba98;
    return new Session(this, this.#peer, keys, slot, CREATED_AT);
  }

  get keyBytes(): Uint8Array {
    return this.memory.bytes.slice(KEYS.offset, KEYS.offset + KEYS.length);
  }
}

Deno.test("session: the header tells type, remote index and counter", () => {
  const end = new End();
  const session = end.session(true);
  session.sendCounter.skipTo(0x01020304, 0xffffffff);
  session.writeHeader(MESSAGE);
  assert.equal(
    end.memory.bytes.subarray(MESSAGE, MESSAGE + 16).toHex(),
    "04000000" + "98badcfe" + "ffffffff" + "04030201",
  );
  session.writeHeader(MESSAGE);
  assert.equal(
    end.memory.bytes.subarray(MESSAGE + 8, MESSAGE + 16).toHex(),
    "00000000" + "05030201",
  );
});

Deno.test("session: what is sealed alone or in a batch is opened by the other end", () => {
  const end = new End();
  const here = end.session(true, 1, 2), there = end.session(false, 2, 1);
  const plaintext = Uint8Array.from({ length: 50 }, (_, i) => i);
  for (const batched of [false, true]) {
    here.writeHeader(MESSAGE);
    end.memory.bytes.set(plaintext, MESSAGE + 16);
    if (batched) {
      here.describeSeal(LIST, MESSAGE, 50);
      end.aead.sealBatch(LIST, 1);
    } else {
      assert.ok(here.seal(MESSAGE, 50));
    }
    assert.notDeepEqual(end.memory.bytes.slice(MESSAGE + 16, MESSAGE + 66), plaintext);
    there.describeOpen(LIST, MESSAGE, 50);
    end.aead.openBatch(LIST, 1);
    assert.equal(end.memory.view.getUint32(LIST + 12, true), 1);
    assert.deepEqual(end.memory.bytes.slice(MESSAGE + 16, MESSAGE + 66), plaintext);
    assert.equal(there.acceptCounter(MESSAGE), true);
    assert.equal(there.acceptCounter(MESSAGE), false);
  }
});

Deno.test("session: ends after REJECT_AFTER_TIME, to the millisecond", () => {
  const session = new End().session(true);
  assert.ok(session.canSend(CREATED_AT + 179_999) && session.canReceive(CREATED_AT + 179_999));
  assert.ok(!session.canSend(CREATED_AT + 180_000) && !session.canReceive(CREATED_AT + 180_000));
});

Deno.test("session: sends until REJECT_AFTER_MESSAGES", () => {
  const session = new End().session(true);
  session.sendCounter.skipTo(0xffffffff, 0xffffdffe);
  assert.ok(session.canSend(CREATED_AT));
  session.writeHeader(MESSAGE);
  assert.ok(!session.canSend(CREATED_AT));
  assert.ok(session.canReceive(CREATED_AT));
});

Deno.test("session: only the initiator rekeys by time, both by messages", () => {
  const end = new End();
  const initiator = end.session(true), responder = end.session(false);
  assert.ok(!initiator.needsRekeyAfterSending(CREATED_AT + 119_999));
  assert.ok(initiator.needsRekeyAfterSending(CREATED_AT + 120_000));
  assert.ok(!responder.needsRekeyAfterSending(CREATED_AT + 179_999));
  assert.ok(!initiator.needsRekeyAfterReceiving(CREATED_AT + 164_999));
  assert.ok(initiator.needsRekeyAfterReceiving(CREATED_AT + 165_000));
  assert.ok(!responder.needsRekeyAfterReceiving(CREATED_AT + 179_999));
  for (const session of [initiator, responder]) {
    session.sendCounter.skipTo(0x0fffffff, 0xffffffff);
    assert.ok(!session.needsRekeyAfterSending(CREATED_AT));
    session.sendCounter.skipTo(0x10000000, 0);
    assert.ok(session.needsRekeyAfterSending(CREATED_AT));
  }
});

Deno.test("session: erasing overwrites the keys and frees slot and index, once", () => {
  const end = new End();
  const session = end.session(true), other = end.session(true);
  assert.equal(end.indices.get(session.localIndex), session);
  session.erase();
  session.erase();
  assert.ok(session.erased);
  assert.equal(end.indices.get(session.localIndex), undefined);
  assert.equal(end.indices.get(other.localIndex), other);
  assert.deepEqual(end.keyBytes.subarray(0, KEY_SLOT_SIZE), new Uint8Array(KEY_SLOT_SIZE));
  assert.notDeepEqual(end.keyBytes, new Uint8Array(KEYS.length));
  const [x, y] = [end.keySlots.allocate(), end.keySlots.allocate()];
  assert.notEqual(x, y);
  assert.ok(!session.canSend(CREATED_AT) && !session.canReceive(CREATED_AT));
  assert.equal(session.seal(MESSAGE, 10), false);
  other.erase();
  assert.deepEqual(end.keyBytes, new Uint8Array(KEYS.length));
});

/** Which of the three places holds which session, and that all others are erased. */
function assertPlaces(
  sessions: Sessions,
  all: Session[],
  previous: Session | null,
  current: Session | null,
  next: Session | null,
): void {
  assert.equal(sessions.previous, previous, "previous");
  assert.equal(sessions.current, current, "current");
  assert.equal(sessions.next, next, "next");
  for (const session of all) {
    const kept = [previous, current, next].includes(session);
    assert.equal(session.erased, !kept, `session ${all.indexOf(session)}`);
  }
}

Deno.test("sessions: an initiator's becomes current at once, the one before previous", () => {
  const end = new End();
  const all = [end.session(true), end.session(true), end.session(true)] as const;
  const sessions = new Sessions();
  sessions.add(all[0]);
  assertPlaces(sessions, [all[0]], null, all[0], null);
  sessions.add(all[1]);
  assertPlaces(sessions, [all[0], all[1]], all[0], all[1], null);
  sessions.add(all[2]);
  assertPlaces(sessions, [...all], all[1], all[2], null);
});

Deno.test("sessions: a responder's is next until it is confirmed", () => {
  const end = new End();
  const all = [end.session(false), end.session(false), end.session(false)] as const;
  const sessions = new Sessions();
  sessions.add(all[0]);
  assertPlaces(sessions, [all[0]], null, null, all[0]);
  assert.ok(sessions.confirm(all[0]));
  assert.ok(!sessions.confirm(all[0]));
  assertPlaces(sessions, [all[0]], null, all[0], null);
  sessions.add(all[1]);
  assertPlaces(sessions, [all[0], all[1]], null, all[0], all[1]);
  // A message in the current session confirms nothing.
  assert.ok(!sessions.confirm(all[0]));
  sessions.add(all[2]);
  assertPlaces(sessions, [...all], null, all[0], all[2]);
  assert.ok(sessions.confirm(all[2]));
  assertPlaces(sessions, [...all], all[0], all[2], null);
});

Deno.test("sessions: a next one that the initiator's overtakes stays receivable as previous", () => {
  const end = new End();
  const [old, next, own] = [end.session(true), end.session(false), end.session(true)] as const;
  const sessions = new Sessions();
  sessions.add(old);
  sessions.add(next);
  sessions.add(own);
  assertPlaces(sessions, [old, next, own], next, own, null);
  assert.ok(!sessions.confirm(next));
});

Deno.test("sessions: a new next one takes the place of the previous one too", () => {
  const end = new End();
  const [a, b, c] = [end.session(true), end.session(true), end.session(false)] as const;
  const sessions = new Sessions();
  sessions.add(a);
  sessions.add(b);
  sessions.add(c);
  assertPlaces(sessions, [a, b, c], null, b, c);
});

Deno.test("sessions: erasing erases all three", () => {
  const end = new End();
  const all = [end.session(true), end.session(false), end.session(false)] as const;
  const sessions = new Sessions();
  assert.equal(sessions.erase(), false);
  sessions.add(all[0]);
  sessions.add(all[1]);
  sessions.confirm(all[1]);
  sessions.add(all[2]);
  assert.equal(sessions.erase(), true);
  assertPlaces(sessions, [...all], null, null, null);
  assert.deepEqual(end.keyBytes, new Uint8Array(KEYS.length));
});
