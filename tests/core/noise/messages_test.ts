import assert from "node:assert/strict";
import * as messages from "../../../core/noise/messages.ts";
import { sequence } from "../crypto/bytes.ts";

function typeOf(type: number, length: number): number {
  const view = new DataView(new ArrayBuffer(4 + Math.max(length, 4)));
  view.setUint32(4, type, true);
  return messages.messageType(view, 4, length);
}

Deno.test("each type of handshake message has one length", () => {
  for (let length = 0; length <= 300; length++) {
    assert.equal(typeOf(1, length), length === 148 ? 1 : 0, `initiation of ${length}`);
    assert.equal(typeOf(2, length), length === 92 ? 2 : 0, `response of ${length}`);
    assert.equal(typeOf(3, length), length === 64 ? 3 : 0, `cookie reply of ${length}`);
    assert.equal(typeOf(4, length), length >= 32 ? 4 : 0, `transport data of ${length}`);
  }
  assert.equal(typeOf(4, 65535), 4);
});

Deno.test("other types and set reserved bytes are no messages", () => {
  for (const length of [148, 92, 64, 32]) {
    for (let type = 0; type < 256; type++) {
      if (type < 1 || type > 4) assert.equal(typeOf(type, length), 0);
    }
    for (let type = 1; type <= 4; type++) {
      for (let bit = 8; bit < 32; bit++) assert.equal(typeOf(type | 1 << bit, length), 0);
    }
  }
});

Deno.test("the fields of an initiation", () => {
  const message = sequence(148);
  messages.writeInitiationHeader(message, 0xfedcba98);
  assert.equal(message.subarray(0, 8).toHex(), "0100000098badcfe");
  assert.deepEqual(message.subarray(8), sequence(148).subarray(8));
  assert.equal(messages.senderIndex(message), 0xfedcba98);
  assert.deepEqual(messages.initiationNoise(message), sequence(148).slice(8, 116));
  assert.deepEqual(messages.coveredByMac1(message), message.slice(0, 116));
  assert.deepEqual(messages.mac1(message), message.slice(116, 132));
  assert.deepEqual(messages.coveredByMac2(message), message.slice(0, 132));
  assert.deepEqual(messages.mac2(message), message.slice(132, 148));
});

Deno.test("the fields of a response", () => {
  const message = sequence(92);
  messages.writeResponseHeader(message, 0x01020304, 0xf1f2f3f4);
  assert.equal(message.subarray(0, 12).toHex(), "0200000004030201f4f3f2f1");
  assert.deepEqual(message.subarray(12), sequence(92).subarray(12));
  assert.equal(messages.senderIndex(message), 0x01020304);
  assert.equal(messages.responseReceiverIndex(message), 0xf1f2f3f4);
  assert.deepEqual(messages.responseNoise(message), sequence(92).slice(12, 60));
  assert.deepEqual(messages.mac1(message), message.slice(60, 76));
  assert.deepEqual(messages.mac2(message), message.slice(76, 92));
});

Deno.test("the fields of a cookie reply", () => {
  const message = sequence(64);
  messages.writeCookieReplyHeader(message, 0xf1f2f3f4);
  assert.equal(message.subarray(0, 8).toHex(), "03000000f4f3f2f1");
  assert.equal(messages.cookieReplyReceiverIndex(message), 0xf1f2f3f4);
  assert.deepEqual(messages.cookieReplyNonce(message), sequence(64).slice(8, 32));
  assert.deepEqual(messages.cookieReplyCookie(message), sequence(64).slice(32, 64));
});

Deno.test("the header of transport data at an offset", () => {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  messages.writeTransportHeader(view, 8, 0xf1f2f3f4, 0x80000001, 0xfffffffe);
  assert.equal(bytes.toHex(), "00".repeat(8) + "04000000f4f3f2f1feffffff01000080" + "00".repeat(8));
  assert.equal(messages.transportReceiverIndex(view, 8), 0xf1f2f3f4);
  assert.equal(messages.transportCounterHigh(view, 8), 0x80000001);
  assert.equal(messages.transportCounterLow(view, 8), 0xfffffffe);
});
