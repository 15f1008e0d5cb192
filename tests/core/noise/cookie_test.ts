import assert from "node:assert/strict";
import { Endpoint } from "../../../core/endpoint.ts";
import { CookieChecker, CookieGenerator } from "../../../core/noise/cookie.ts";
import { cookieReplyReceiverIndex, mac1, mac2, messageType } from "../../../core/noise/messages.ts";
import { sequence } from "../crypto/bytes.ts";
import { noble, seededRandom, SOURCE, tampered } from "./host.ts";

const V6_SOURCE = new Endpoint(Uint8Array.from({ length: 16 }, (_, i) => 0x20 + i), 51820);
const NO_MAC = new Uint8Array(16);

/** The checker of a device and the generator of one that sends to it. */
function sides() {
  const publicKey = sequence(32);
  return {
    checker: new CookieChecker(noble, seededRandom(1), publicKey),
    generator: new CookieGenerator(noble, publicKey),
  };
}

/** A message with MACs, of an initiation's or a response's size, with sender 0x01020304. */
function message(generator: CookieGenerator, now: number, size = 148): Uint8Array {
  const bytes = sequence(size);
  bytes.set([4, 3, 2, 1], 4);
  generator.addMacs(bytes, now);
  return bytes;
}

function reply(checker: CookieChecker, to: Uint8Array, source: Endpoint, now: number): Uint8Array {
  const bytes = new Uint8Array(64);
  checker.createReply(bytes, to, source, now);
  return bytes;
}

for (const size of [148, 92]) {
  for (const source of [SOURCE, V6_SOURCE]) {
    const family = source.address.length === 4 ? "IPv4" : "IPv6";
    Deno.test(`a message of ${size} bytes gets a cookie over ${family} and is accepted with it`, () => {
      const { checker, generator } = sides();
      const first = message(generator, 0, size);
      assert.ok(checker.checkMac1(first));
      assert.deepEqual(mac2(first), NO_MAC);
      assert.ok(!checker.checkMac2(first, source, 0));
      const answer = reply(checker, first, source, 0);
      assert.equal(messageType(new DataView(answer.buffer), 0, 64), 3);
      assert.equal(cookieReplyReceiverIndex(answer), 0x01020304);
      assert.ok(generator.consumeReply(answer, 10));
      const second = message(generator, 20, size);
      assert.ok(checker.checkMac1(second));
      assert.notDeepEqual(mac2(second), NO_MAC);
      assert.ok(checker.checkMac2(second, source, 30));
      for (let byte = 0; byte < size; byte++) {
        const changed = tampered(second, byte);
        assert.ok(!checker.checkMac2(changed, source, 30), `mac2, byte ${byte}`);
        assert.equal(checker.checkMac1(changed), byte >= size - 16, `mac1, byte ${byte}`);
      }
      assert.ok(checker.checkMac2(second, source, 30));
    });
  }
}

Deno.test("mac1 is bound to the receiver's public key", () => {
  const { checker } = sides();
  const other = new CookieGenerator(noble, tampered(sequence(32), 31));
  assert.ok(!checker.checkMac1(message(other, 0)));
});

Deno.test("a cookie is worth nothing from another address, family or port", () => {
  const { checker, generator } = sides();
  assert.ok(generator.consumeReply(reply(checker, message(generator, 0), SOURCE, 0), 0));
  const second = message(generator, 1);
  assert.ok(checker.checkMac2(second, SOURCE, 1));
  for (let byte = 0; byte < 4; byte++) {
    const elsewhere = new Endpoint(tampered(SOURCE.address, byte), SOURCE.port);
    assert.ok(!checker.checkMac2(second, elsewhere, 1), `address byte ${byte}`);
  }
  for (let bit = 0; bit < 16; bit++) {
    const elsewhere = new Endpoint(SOURCE.address, SOURCE.port ^ (1 << bit));
    assert.ok(!checker.checkMac2(second, elsewhere, 1), `port bit ${bit}`);
  }
  assert.ok(!checker.checkMac2(second, V6_SOURCE, 1));
  assert.ok(checker.checkMac2(second, SOURCE, 1), "checking others changes nothing");
});

Deno.test("a cookie reply with any byte changed is refused and changes nothing", () => {
  const { checker, generator } = sides();
  const answer = reply(checker, message(generator, 0), SOURCE, 0);
  for (let byte = 8; byte < 64; byte++) {
    assert.ok(!generator.consumeReply(tampered(answer, byte), 1), `byte ${byte}`);
  }
  assert.ok(generator.consumeReply(answer, 1), "the genuine one is still accepted");
});

Deno.test("a refused cookie reply doesn't touch the cookie held", () => {
  const { checker, generator } = sides();
  assert.ok(generator.consumeReply(reply(checker, message(generator, 0), SOURCE, 0), 0));
  const answer = reply(checker, message(generator, 1), SOURCE, 1);
  assert.ok(!generator.consumeReply(tampered(answer, 40), 100_000));
  assert.ok(checker.checkMac2(message(generator, 2), SOURCE, 2));
  assert.deepEqual(mac2(message(generator, 115_000)), NO_MAC, "nor its age");
});

Deno.test("a cookie reply answers the message sent last only, and once", () => {
  const { checker, generator } = sides();
  const first = message(generator, 0);
  const toFirst = reply(checker, first, SOURCE, 0);
  const second = sequence(148).fill(7, 0, 100);
  generator.addMacs(second, 1);
  assert.notDeepEqual(mac1(first), mac1(second));
  assert.ok(!generator.consumeReply(toFirst, 2));
  const toSecond = reply(checker, second, SOURCE, 2);
  assert.ok(generator.consumeReply(toSecond, 3));
  assert.ok(!generator.consumeReply(toSecond, 4));
  assert.ok(!generator.consumeReply(reply(checker, second, SOURCE, 4), 5));
});

Deno.test("a cookie reply is refused before any message was sent", () => {
  const { checker, generator } = sides();
  const unsent = sequence(148);
  unsent.fill(0, 116);
  assert.ok(!generator.consumeReply(reply(checker, unsent, SOURCE, 0), 0));
});

Deno.test("a cookie reply of somebody else is refused", () => {
  const { generator } = sides();
  const other = new CookieChecker(noble, seededRandom(2), tampered(sequence(32), 0));
  assert.ok(!generator.consumeReply(reply(other, message(generator, 0), SOURCE, 0), 0));
});

Deno.test("a cookie is used for 115 seconds", () => {
  const { checker, generator } = sides();
  assert.ok(generator.consumeReply(reply(checker, message(generator, 0), SOURCE, 0), 1000));
  assert.notDeepEqual(mac2(message(generator, 115_999)), NO_MAC);
  assert.deepEqual(mac2(message(generator, 116_000)), NO_MAC);
  assert.deepEqual(mac2(message(generator, 115_999)), NO_MAC, "an expired cookie is erased");
});

Deno.test("the secret lives 120 seconds, and cookies die with it", () => {
  const { checker, generator } = sides();
  const first = message(generator, 5000);
  assert.ok(generator.consumeReply(reply(checker, first, SOURCE, 5000), 5000));
  const second = message(generator, 5001);
  assert.ok(checker.checkMac2(second, SOURCE, 124_999));
  assert.ok(!checker.checkMac2(second, SOURCE, 125_000));
  reply(checker, first, SOURCE, 125_000);
  assert.ok(!checker.checkMac2(second, SOURCE, 125_001), "the new secret is another");
  const third = message(generator, 125_002);
  assert.ok(generator.consumeReply(reply(checker, third, SOURCE, 125_002), 125_002));
  assert.ok(checker.checkMac2(message(generator, 125_003), SOURCE, 125_003));
});

Deno.test("replies within 120 seconds give the same cookie in different words", () => {
  const { checker, generator } = sides();
  const first = message(generator, 0);
  const early = reply(checker, first, SOURCE, 0), late = reply(checker, first, SOURCE, 119_999);
  assert.notDeepEqual(early.subarray(8), late.subarray(8));
  assert.ok(generator.consumeReply(early, 0));
  const withEarly = message(generator, 1);
  const other = new CookieGenerator(noble, sequence(32));
  message(other, 0);
  assert.ok(other.consumeReply(late, 0));
  assert.deepEqual(message(other, 1), withEarly);
});

Deno.test("an all-zero mac2 is no way in before the first secret", () => {
  const { checker, generator } = sides();
  assert.ok(!checker.checkMac2(message(generator, 0), SOURCE, 0));
  // What a secret and cookie of zeros would give must not pass either.
  const cookie = new Uint8Array(16), forged = message(generator, 0);
  const source = Uint8Array.of(...SOURCE.address, SOURCE.port >> 8, SOURCE.port & 255);
  noble.mac(cookie, new Uint8Array(32), source);
  noble.mac(mac2(forged), cookie, forged.subarray(0, 132));
  assert.ok(!checker.checkMac2(forged, SOURCE, 0));
});

Deno.test("wiping either side ends its cookies", () => {
  const { checker, generator } = sides();
  assert.ok(generator.consumeReply(reply(checker, message(generator, 0), SOURCE, 0), 0));
  const second = message(generator, 1);
  checker.wipe();
  assert.ok(!checker.checkMac2(second, SOURCE, 2));
  const answer = reply(checker, second, SOURCE, 2);
  generator.wipe();
  assert.ok(!generator.consumeReply(answer, 3));
  assert.deepEqual(mac2(message(generator, 4)), NO_MAC);
});
