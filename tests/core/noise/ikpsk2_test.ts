import assert from "node:assert/strict";
import { MESSAGE_TRANSPORT_DATA, writeTransportHeader } from "../../../core/noise/messages.ts";
import { asciiBytes } from "../../../core/noise/ascii.ts";
import {
  FIRST_MESSAGE_OVERHEAD,
  type KeyPair,
  readFirstMessagePayload,
  readFirstMessageStatic,
  readSecondMessage,
  SECOND_MESSAGE_OVERHEAD,
  writeFirstMessage,
  writeSecondMessage,
} from "../../../core/noise/ikpsk2.ts";
import { SymmetricState } from "../../../core/noise/symmetric_state.ts";
import { fromHex } from "../crypto/bytes.ts";
import { type Subject, testEach } from "../crypto/implementations.ts";
import file from "../../vectors/noise_ikpsk2.json" with { type: "json" };

const TRANSPORT_MESSAGE = 1024;

/** Starts each side's state as the vector says: protocol name, then prologue. */
function startedState({ crypto }: Subject, name: string, prologue: string): SymmetricState {
  const state = new SymmetricState(crypto.handshake);
  state.initialize(asciiBytes(name));
  state.mixHash(fromHex(prologue));
  return state;
}

function keyPair({ crypto }: Subject, privateKey: string): KeyPair {
  const pair = { privateKey: fromHex(privateKey), publicKey: new Uint8Array(32) };
  crypto.handshake.x25519Base(pair.publicKey, pair.privateKey);
  return pair;
}

function savedHash(state: SymmetricState): string {
  const saved = new Uint8Array(64);
  state.save(saved);
  return saved.subarray(32).toHex();
}

/** Seals `payload` as a transport data message and returns what follows its header. */
function sealTransport(subject: Subject, key: Uint8Array, counter: number, payload: Uint8Array) {
  const { crypto, memory } = subject;
  memory.bytes.set(key);
  writeTransportHeader(memory.view, TRANSPORT_MESSAGE, MESSAGE_TRANSPORT_DATA, 0, counter);
  memory.bytes.set(payload, TRANSPORT_MESSAGE + 16);
  crypto.transport.seal(0, TRANSPORT_MESSAGE, payload.length);
  return memory.bytes.slice(TRANSPORT_MESSAGE + 16, TRANSPORT_MESSAGE + 32 + payload.length);
}

for (const [number, vector] of file.vectors.entries()) {
  testEach(`IKpsk2 vector ${number} of ${file.source}`, (subject) => {
    const { crypto } = subject;
    const [first, second, ...transport] = vector.messages.map(({ payload, ciphertext }) => ({
      payload: fromHex(payload),
      ciphertext: fromHex(ciphertext),
    }));
    assert.ok(first && second && transport.length > 0);
    const initiatorPsk = fromHex(vector.init_psks.join("")),
      psk = fromHex(vector.resp_psks.join(""));
    const initiatorStatic = keyPair(subject, vector.init_static);
    const initiatorEphemeral = keyPair(subject, vector.init_ephemeral);
    const responderStatic = keyPair(subject, vector.resp_static);
    const responderEphemeral = keyPair(subject, vector.resp_ephemeral);
    assert.equal(responderStatic.publicKey.toHex(), vector.init_remote_static);
    const ss = new Uint8Array(32);
    assert.ok(
      crypto.handshake.x25519(ss, initiatorStatic.privateKey, responderStatic.publicKey),
    );

    const initiator = startedState(subject, vector.protocol_name, vector.init_prologue);
    const responder = startedState(subject, vector.protocol_name, vector.resp_prologue);

    const firstMessage = new Uint8Array(FIRST_MESSAGE_OVERHEAD + first.payload.length);
    const keys = {
      s: initiatorStatic,
      e: initiatorEphemeral,
      rs: responderStatic.publicKey,
      ss,
    };
    assert.ok(writeFirstMessage(initiator, firstMessage, keys, first.payload));
    assert.deepEqual(firstMessage, first.ciphertext);

    const remoteStatic = new Uint8Array(32);
    const firstPayload = new Uint8Array(first.payload.length);
    assert.ok(readFirstMessageStatic(responder, firstMessage, responderStatic, remoteStatic));
    assert.deepEqual(remoteStatic, initiatorStatic.publicKey);
    assert.ok(readFirstMessagePayload(responder, firstMessage, ss, firstPayload));
    assert.deepEqual(firstPayload, first.payload);

    const secondMessage = new Uint8Array(SECOND_MESSAGE_OVERHEAD + second.payload.length);
    const re = firstMessage.subarray(0, 32);
    const answer = { e: responderEphemeral, re, rs: remoteStatic, psk };
    assert.ok(writeSecondMessage(responder, secondMessage, answer, second.payload));
    assert.deepEqual(secondMessage, second.ciphertext);

    const secondPayload = new Uint8Array(second.payload.length);
    const secrets = {
      s: initiatorStatic.privateKey,
      e: initiatorEphemeral.privateKey,
      psk: initiatorPsk,
    };
    assert.ok(readSecondMessage(initiator, secondMessage, secrets, secondPayload));
    assert.deepEqual(secondPayload, second.payload);

    assert.equal(savedHash(initiator), vector.handshake_hash);
    assert.equal(savedHash(responder), vector.handshake_hash);
    const toResponder = new Uint8Array(32), toInitiator = new Uint8Array(32);
    initiator.split(toResponder, toInitiator);
    const other = [new Uint8Array(32), new Uint8Array(32)] as const;
    responder.split(...other);
    assert.deepEqual(other, [toResponder, toInitiator]);

    for (const [i, { payload, ciphertext }] of transport.entries()) {
      const key = i % 2 === 0 ? toResponder : toInitiator;
      assert.deepEqual(sealTransport(subject, key, i >> 1, payload), ciphertext);
    }
  });
}

testEach("wiping a state leaves nothing to save", (subject) => {
  const state = startedState(subject, "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s", "00");
  const saved = new Uint8Array(64);
  state.mixKey(saved);
  state.wipe();
  state.save(saved);
  assert.deepEqual(saved, new Uint8Array(64));
});
