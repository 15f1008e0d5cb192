import assert from "node:assert/strict";
import { LocalIdentity } from "../../../core/noise/context.ts";
import { writeSecondMessage } from "../../../core/noise/ikpsk2.ts";
import { responseNoise, writeResponseHeader } from "../../../core/noise/messages.ts";
import { SymmetricState } from "../../../core/noise/symmetric_state.ts";
import { sequence } from "../crypto/bytes.ts";
import { assertSameSession, at, Host, noble, pair, present, withMacs } from "./host.ts";

Deno.test("a replayed initiation is refused, and an older one, whatever the time", () => {
  const { responder, toResponder } = pair();
  const older = toResponder.initiate(1, at(0));
  const newer = toResponder.initiate(2, at(5000));
  assert.ok(responder.respond(newer, 3, at(5000)));
  for (const ms of [5000, 5020, 60_000, 1e9]) {
    assert.equal(responder.receive(newer, at(ms)), null);
    assert.equal(responder.receive(older, at(ms)), null);
  }
  assert.ok(responder.respond(toResponder.initiate(4, at(10_000)), 5, at(10_000)));
});

Deno.test("replays are refused after the handshake was erased and the identity forgotten", () => {
  const { responder, toResponder, toInitiator } = pair();
  const initiation = toResponder.initiate(1, at(0));
  assert.ok(responder.respond(initiation, 3, at(0)));
  toInitiator.handshake.clear();
  toInitiator.handshake.forgetIdentity();
  assert.equal(responder.receive(initiation, at(60_000)), null);
});

Deno.test("a peer's initiations are accepted 20 ms apart, and a refused one isn't remembered", () => {
  const { responder, toResponder } = pair();
  assert.ok(responder.receive(toResponder.initiate(1, at(0)), at(0)));
  const early = toResponder.initiate(2, at(1000));
  assert.equal(responder.receive(early, at(19.9)), null);
  assert.ok(responder.receive(early, at(20)));
  assert.equal(responder.receive(toResponder.initiate(3, at(2000)), at(39)), null);
  assert.ok(responder.receive(toResponder.initiate(4, at(3000)), at(40)));
});

Deno.test("the flood limit of one peer doesn't touch another", () => {
  const { responder, toResponder } = pair();
  const other = new Host(3).addPeer(responder.identity.publicKey);
  responder.addPeer(other.host.identity.publicKey);
  assert.ok(responder.receive(toResponder.initiate(1, at(0)), at(0)));
  assert.ok(responder.receive(other.initiate(1, at(0)), at(0)));
});

Deno.test("initiations are accepted after the initiator's wall clock went back", () => {
  const { responder, toResponder } = pair();
  const now = at(0);
  for (const step of [0, -3_600_000, -1, 0, -7_200_000, 5]) {
    now.boot += 5000;
    now.wall += step;
    assert.ok(responder.receive(toResponder.initiate(1, now), now), `step ${step}`);
  }
});

Deno.test("an initiation is answered once", () => {
  const { responder, toResponder, toInitiator } = pair();
  const received = present(responder.receive(toResponder.initiate(1, at(0)), at(0)), "initiation");
  assert.equal(received.remoteIndex, 1);
  assert.equal(received.peer, toInitiator);
  const { keys } = responder.answer(received, 2, at(0));
  const message = new Uint8Array(92);
  assert.ok(!toInitiator.handshake.createResponse(message, 3, received, keys));
  assert.deepEqual(message, new Uint8Array(92));
  const unanswered = toResponder.initiate(1, at(5000));
  const wiped = present(responder.receive(unanswered, at(5000)), "initiation");
  wiped.wipe();
  assert.ok(!toInitiator.handshake.createResponse(message, 3, wiped, keys));
});

Deno.test("a duplicate response is refused", () => {
  const { responder, toResponder } = pair();
  const { response } = present(
    responder.respond(toResponder.initiate(1, at(0)), 2, at(0)),
    "response",
  );
  assert.ok(toResponder.complete(response));
  assert.equal(toResponder.complete(response), null);
});

Deno.test("a response to an initiation that was replaced is refused, the new one's isn't", () => {
  const { initiator, responder, toResponder } = pair();
  const first = toResponder.initiate(1, at(0));
  const { response } = present(responder.respond(first, 2, at(0)), "response");
  const second = toResponder.initiate(3, at(5000));
  assert.equal(toResponder.complete(response), null);
  const redirected = response.slice();
  redirected[8] = 3;
  assert.equal(toResponder.complete(withMacs(redirected, initiator)), null);
  const answer = present(responder.respond(second, 4, at(5000)), "response");
  assertSameSession(present(toResponder.complete(answer.response), "session"), answer.keys);
});

Deno.test("a forged response is refused while nothing is pending", () => {
  // Without a pending initiation all that an initiator's secret state could be is zeros, so that
  // anybody could answer it.
  const { initiator, toResponder } = pair();
  const state = new SymmetricState(noble);
  const message = new Uint8Array(92);
  writeResponseHeader(message, 2, 0);
  const noise = responseNoise(message);
  const forger = { privateKey: sequence(32), publicKey: new Uint8Array(32) };
  noble.x25519Base(forger.publicKey, forger.privateKey);
  const ephemeral = new Uint8Array(32);
  noble.x25519Base(ephemeral, new Uint8Array(32));
  const keys = {
    e: forger,
    re: ephemeral,
    rs: initiator.identity.publicKey,
    psk: new Uint8Array(32),
  };
  assert.ok(writeSecondMessage(state, noise, keys, new Uint8Array(0)));
  assert.equal(toResponder.complete(withMacs(message, initiator)), null);
  toResponder.initiate(1, at(0));
  toResponder.handshake.clear();
  assert.equal(toResponder.complete(withMacs(message, initiator)), null);
});

Deno.test("a response is refused after the handshake was given up", () => {
  const { responder, toResponder } = pair();
  const { response } = present(
    responder.respond(toResponder.initiate(1, at(0)), 2, at(0)),
    "response",
  );
  toResponder.handshake.clear();
  assert.ok(!toResponder.handshake.pending);
  assert.equal(toResponder.complete(response), null);
});

Deno.test("a device without a private key neither makes nor answers handshakes", () => {
  const { initiator, responder, toResponder } = pair();
  const initiation = toResponder.initiate(1, at(0));
  responder.context.identity = null;
  assert.equal(responder.receive(initiation, at(0)), null);
  initiator.context.identity = null;
  const message = new Uint8Array(148);
  assert.ok(!toResponder.handshake.createInitiation(message, 1, at(0)));
  assert.ok(!toResponder.handshake.pending);
  assert.deepEqual(message, new Uint8Array(148));
});

Deno.test("a new private key ends the pending initiation and makes handshakes of its own", () => {
  const { initiator, responder, toResponder } = pair();
  const { response } = present(
    responder.respond(toResponder.initiate(1, at(0)), 2, at(0)),
    "response",
  );
  const replacement = new LocalIdentity(noble, sequence(32));
  initiator.context.identity = replacement;
  assert.equal(toResponder.complete(response), null);
  assert.equal(responder.receive(toResponder.initiate(3, at(5000)), at(5000)), null);
  responder.addPeer(replacement.publicKey);
  assert.ok(responder.receive(toResponder.initiate(3, at(9999)), at(9999)));
});

Deno.test("private keys are clamped", () => {
  const identity = new LocalIdentity(noble, new Uint8Array(32).fill(0xff));
  assert.equal(identity.privateKey.toHex(), "f8" + "ff".repeat(30) + "7f");
  identity.wipe();
  assert.deepEqual(identity.privateKey, new Uint8Array(32));
});
