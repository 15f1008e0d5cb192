import assert from "node:assert/strict";
import { LocalIdentity } from "../../../core/noise/context.ts";
import { Handshake } from "../../../core/noise/handshake.ts";
import { responseReceiverIndex, senderIndex } from "../../../core/noise/messages.ts";
import { sequence } from "../crypto/bytes.ts";
import { assertSameSession, at, Host, noble, pair, present, tampered, withMacs } from "./host.ts";

const PSK = sequence(32);

for (const [name, psk] of [["without", null], ["with", PSK]] as const) {
  Deno.test(`both sides agree on a session ${name} a preshared key`, () => {
    const { responder, toResponder } = pair(psk);
    const initiation = toResponder.initiate(0xfedcba98, at(0));
    assert.equal(senderIndex(initiation), 0xfedcba98);
    assert.ok(toResponder.handshake.pending);
    assert.equal(toResponder.handshake.localIndex, 0xfedcba98);
    const { response, keys } = present(
      responder.respond(initiation, 0x89abcdef, at(1)),
      "response",
    );
    assert.equal(senderIndex(response), 0x89abcdef);
    assert.equal(responseReceiverIndex(response), 0xfedcba98);
    const initiatorKeys = present(toResponder.complete(response), "session");
    assertSameSession(initiatorKeys, keys);
    assert.equal(initiatorKeys.localIndex, 0xfedcba98);
    assert.equal(keys.localIndex, 0x89abcdef);
    assert.ok(!toResponder.handshake.pending);
  });
}

Deno.test("each handshake gives new keys and new ephemeral keys", () => {
  const { responder, toResponder } = pair(PSK);
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const initiation = toResponder.initiate(i, at(i * 1000));
    const { response, keys } = present(responder.respond(initiation, i, at(i * 1000)), "response");
    assertSameSession(present(toResponder.complete(response), "session"), keys);
    seen.add(keys.sendKey.toHex()).add(keys.receiveKey.toHex());
    seen.add(initiation.subarray(8, 40).toHex()).add(response.subarray(12, 44).toHex());
  }
  assert.equal(seen.size, 20);
});

Deno.test("two peers that initiate at the same time both succeed", () => {
  const { initiator, responder, toResponder, toInitiator } = pair(PSK);
  const there = toResponder.initiate(1, at(0)), back = toInitiator.initiate(2, at(0));
  const answerThere = present(responder.respond(there, 3, at(1)), "response");
  const answerBack = present(initiator.respond(back, 4, at(1)), "response");
  assertSameSession(
    present(toResponder.complete(answerThere.response), "session"),
    answerThere.keys,
  );
  assertSameSession(present(toInitiator.complete(answerBack.response), "session"), answerBack.keys);
});

Deno.test("an initiation with any byte changed is refused and changes nothing", () => {
  const { responder, toResponder } = pair(PSK);
  const initiation = toResponder.initiate(7, at(0));
  // mac2 is checked under load only: see the tests of cookies.
  for (let byte = 0; byte < 132; byte++) {
    assert.equal(responder.receive(tampered(initiation, byte), at(0)), null, `byte ${byte}`);
  }
  for (let byte = 8; byte < 116; byte++) {
    const forged = withMacs(tampered(initiation, byte), responder);
    assert.equal(responder.receive(forged, at(0)), null, `byte ${byte} with its mac1`);
  }
  // X25519 ignores the highest bit of a public key, the transcript doesn't.
  assert.equal(responder.receive(withMacs(tampered(initiation, 39, 7), responder), at(0)), null);
  assert.ok(responder.respond(initiation, 8, at(0)), "the genuine one is still accepted");
});

Deno.test("a response with any byte changed is refused and changes nothing", () => {
  const { initiator, responder, toResponder } = pair(PSK);
  const initiation = toResponder.initiate(7, at(0));
  const { response, keys } = present(responder.respond(initiation, 8, at(0)), "response");
  for (let byte = 0; byte < 76; byte++) {
    assert.equal(toResponder.complete(tampered(response, byte)), null, `byte ${byte}`);
  }
  for (let byte = 8; byte < 60; byte++) {
    const forged = withMacs(tampered(response, byte), initiator);
    assert.equal(toResponder.complete(forged), null, `byte ${byte} with its mac1`);
  }
  assert.equal(toResponder.complete(withMacs(tampered(response, 43, 7), initiator)), null);
  assert.ok(toResponder.handshake.pending);
  assert.equal(toResponder.handshake.localIndex, 7);
  assertSameSession(present(toResponder.complete(response), "session"), keys);
});

Deno.test("a refused response leaves the caller's keys alone", () => {
  const { responder, toResponder } = pair();
  const { response } = present(
    responder.respond(toResponder.initiate(7, at(0)), 8, at(0)),
    "response",
  );
  const keys = present(toResponder.complete(response), "session");
  const before = structuredClone({ ...keys });
  toResponder.initiate(9, at(5000));
  assert.equal(toResponder.handshake.consumeResponse(response, keys), false);
  assert.deepEqual({ ...keys }, before);
});

Deno.test("peers with different preshared keys get no session", () => {
  const { responder, toResponder, toInitiator } = pair(PSK);
  toInitiator.handshake.setPresharedKey(tampered(PSK, 31));
  const answer = present(responder.respond(toResponder.initiate(7, at(0)), 8, at(0)), "response");
  assert.equal(toResponder.complete(answer.response), null);
  toInitiator.handshake.setPresharedKey(null);
  const second = present(
    responder.respond(toResponder.initiate(7, at(5000)), 8, at(5000)),
    "response",
  );
  assert.equal(toResponder.complete(second.response), null);
  toResponder.handshake.setPresharedKey(null);
  const third = present(
    responder.respond(toResponder.initiate(7, at(9999)), 8, at(9999)),
    "response",
  );
  assert.ok(toResponder.complete(third.response));
});

Deno.test("an initiation to another static key is refused, also with the right mac1", () => {
  const { initiator, responder } = pair();
  const stranger = new Host(3);
  const initiation = initiator.addPeer(stranger.identity.publicKey).initiate(7, at(0));
  assert.equal(responder.receive(initiation, at(0)), null);
  assert.equal(responder.receive(withMacs(initiation, responder), at(0)), null);
});

Deno.test("an initiation of an unknown peer is refused", () => {
  const { responder } = pair();
  const stranger = new Host(3);
  const initiation = stranger.addPeer(responder.identity.publicKey).initiate(7, at(0));
  assert.equal(responder.receive(initiation, at(0)), null);
  responder.addPeer(stranger.identity.publicKey);
  assert.ok(responder.receive(initiation, at(0)));
});

Deno.test("somebody who knows only public keys can't pass for a peer", () => {
  const { initiator, responder } = pair();
  const impostor = new Host(3);
  // The initiator's public key with another private key: `ss` comes out wrong.
  impostor.context.identity = new LocalIdentity(noble, impostor.identity.privateKey);
  impostor.context.identity.publicKey.set(initiator.identity.publicKey);
  const initiation = impostor.addPeer(responder.identity.publicKey).initiate(7, at(0));
  assert.equal(responder.receive(initiation, at(0)), null);
});

Deno.test("consumeInitiation shows the peer's key only to findPeer", () => {
  const { responder, toResponder } = pair();
  let asked = 0;
  const initiation = toResponder.initiate(1, at(0));
  const found = Handshake.consumeInitiation(responder.context, initiation, (publicKey) => {
    asked++;
    assert.deepEqual(publicKey, toResponder.host.identity.publicKey);
    return undefined;
  }, at(0));
  assert.equal(found, null);
  assert.equal(asked, 1);
});
