import assert from "node:assert/strict";
import type { HandshakeCrypto } from "../../../core/crypto/crypto.ts";
import { LocalIdentity } from "../../../core/noise/context.ts";
import { sequence } from "../crypto/bytes.ts";
import { at, boundMethods, noble, pair, present } from "./host.ts";

const PSK = sequence(32);

Deno.test("the shared secret of the static keys is computed once per peer and private key", () => {
  let products = 0;
  const counting = {
    ...boundMethods(noble),
    x25519(out: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array) {
      products++;
      return noble.x25519(out, privateKey, publicKey);
    },
  };
  const { initiator, toResponder } = pair(null, counting);
  toResponder.initiate(1, at(0));
  assert.equal(products, 2);
  toResponder.initiate(1, at(5000));
  assert.equal(products, 3);
  initiator.context.identity = new LocalIdentity(noble, sequence(32));
  toResponder.initiate(1, at(9999));
  assert.equal(products, 5);
});

Deno.test("every intermediate secret is overwritten when a handshake ends", () => {
  const secrets = new Map<ArrayBufferLike, string>();
  const note = (what: string, bytes: Uint8Array) => {
    if (bytes.length > 0) secrets.set(bytes.buffer, what);
  };
  const spying: HandshakeCrypto = {
    ...boundMethods(noble),
    hmac(out, key, first, second) {
      note("HMAC output", out);
      note("HMAC key", key);
      noble.hmac(out, key, first, second);
    },
    seal(out, key, plaintext, additionalData) {
      note("AEAD key", key);
      noble.seal(out, key, plaintext, additionalData);
    },
    open(out, key, sealed, additionalData) {
      note("AEAD key", key);
      return noble.open(out, key, sealed, additionalData);
    },
    x25519(out, privateKey, publicKey) {
      note("shared secret", out);
      note("private key", privateKey);
      return noble.x25519(out, privateKey, publicKey);
    },
  };
  const { initiator, responder, toResponder, toInitiator } = pair(PSK, spying);
  const initiation = toResponder.initiate(1, at(0));
  const { response, keys } = present(responder.respond(initiation, 2, at(0)), "response");
  const initiatorKeys = present(toResponder.complete(response), "session");
  toResponder.initiate(3, at(5000));
  toResponder.handshake.wipe();
  toInitiator.handshake.wipe();
  assert.deepEqual(toResponder.handshake.presharedKey, new Uint8Array(32));
  initiatorKeys.wipe();
  keys.wipe();
  initiator.identity.wipe();
  responder.identity.wipe();
  assert.ok(secrets.size >= 8, `saw only ${secrets.size} buffers`);
  for (const [buffer, what] of secrets) {
    assert.ok(new Uint8Array(buffer).every((byte) => byte === 0), `${what} is left`);
  }
});

Deno.test("ephemeral keys are overwritten as soon as they have served", () => {
  const identities = new Set<Uint8Array>();
  const ephemerals = new Set<Uint8Array>();
  const spying: HandshakeCrypto = {
    ...boundMethods(noble),
    x25519(out, privateKey, publicKey) {
      if (!identities.has(privateKey)) ephemerals.add(privateKey);
      return noble.x25519(out, privateKey, publicKey);
    },
  };
  const { initiator, responder, toResponder } = pair(PSK, spying);
  identities.add(initiator.identity.privateKey).add(responder.identity.privateKey);
  const left = () => [...ephemerals].filter((key) => key.some((byte) => byte !== 0)).length;
  const initiation = toResponder.initiate(1, at(0));
  assert.equal(left(), 1, "the initiator's, until the response comes");
  const { response } = present(responder.respond(initiation, 2, at(0)), "response");
  assert.equal(ephemerals.size, 2);
  assert.equal(left(), 1, "the responder's is gone");
  assert.ok(toResponder.complete(response));
  assert.equal(left(), 0);
  toResponder.initiate(3, at(5000));
  assert.equal(left(), 1);
  toResponder.handshake.clear();
  assert.equal(left(), 0);
});
