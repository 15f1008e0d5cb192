import assert from "node:assert/strict";
import { RateLimiter } from "../../core/rate_limiter.ts";
import { fromHex } from "./crypto/bytes.ts";

const V4 = Uint8Array.of(192, 0, 2, 1);
const V6 = fromHex("20010db8000000010000000000000001");

/** Asks at each of the times and returns the answers as text, `+` for allowed. */
function answers(limiter: RateLimiter, address: Uint8Array, times: number[]): string {
  return times.map((time) => limiter.allow(address, time) ? "+" : "-").join("");
}

for (const [family, address] of [["IPv4", V4], ["IPv6", V6]] as const) {
  Deno.test(`${family}: five messages at once, then one in 50 ms`, () => {
    const limiter = new RateLimiter();
    assert.equal(answers(limiter, address, [0, 0, 0, 0, 0, 0, 0]), "+++++--");
    assert.equal(answers(limiter, address, [49, 50, 50, 99, 100, 101]), "-+--+-");
  });

  Deno.test(`${family}: silence refills up to five messages and no further`, () => {
    const limiter = new RateLimiter();
    assert.equal(answers(limiter, address, [0, 0, 0, 0, 0, 0]), "+++++-");
    assert.equal(answers(limiter, address, [150, 150, 150, 150]), "+++-");
    assert.equal(answers(limiter, address, [900, 900, 900, 900, 900, 900]), "+++++-");
    assert.equal(answers(limiter, address, [9e9, 9e9, 9e9, 9e9, 9e9, 9e9]), "+++++-");
  });
}

Deno.test("a steady 20 in a second are allowed, of 21 one is refused once the burst is used up", () => {
  const steady = new RateLimiter();
  for (let i = 0; i < 1000; i++) assert.ok(steady.allow(V4, i * 50));
  const faster = new RateLimiter();
  let allowed = 0;
  for (let i = 0; i < 2100; i++) if (faster.allow(V4, i * 1000 / 21)) allowed++;
  assert.ok(allowed >= 2000 && allowed <= 2005, `${allowed}`);
});

Deno.test("a flood gets no more than its rate", () => {
  const limiter = new RateLimiter();
  let allowed = 0;
  for (let ms = 0; ms < 10_000; ms++) if (limiter.allow(V4, ms)) allowed++;
  assert.ok(allowed >= 203 && allowed <= 205, `${allowed}`);
});

Deno.test("IPv4 sources are told apart by every bit", () => {
  for (let bit = 0; bit < 32; bit++) {
    const limiter = new RateLimiter();
    assert.equal(answers(limiter, V4, [0, 0, 0, 0, 0, 0]), "+++++-");
    assert.ok(limiter.allow(flipBit(V4, bit), 0), `bit ${bit}`);
  }
});

Deno.test("IPv6 sources are told apart by the bits of their /64 only", () => {
  for (let bit = 0; bit < 128; bit++) {
    const limiter = new RateLimiter();
    assert.equal(answers(limiter, V6, [0, 0, 0, 0, 0, 0]), "+++++-");
    assert.equal(limiter.allow(flipBit(V6, bit), 0), bit < 64, `bit ${bit}`);
  }
});

Deno.test("an IPv4 address isn't taken for the start of an IPv6 one", () => {
  const limiter = new RateLimiter();
  assert.equal(answers(limiter, V4, [0, 0, 0, 0, 0, 0]), "+++++-");
  const v6 = new Uint8Array(16);
  v6.set(V4);
  assert.ok(limiter.allow(v6, 0));
});

Deno.test("sources are forgotten after a second of silence", () => {
  const limiter = new RateLimiter();
  for (let i = 0; i < 100; i++) limiter.allow(Uint8Array.of(10, 0, 0, i), i);
  assert.equal(limiter.size, 100);
  limiter.allow(Uint8Array.of(10, 0, 0, 0), 500);
  limiter.expire(1049);
  assert.equal(limiter.size, 51, "50 to 99, and the one that was heard again");
  limiter.expire(1499);
  assert.equal(limiter.size, 1);
  limiter.expire(1500);
  assert.equal(limiter.size, 0);
});

Deno.test("a full table refuses new sources, keeps the known, and recovers", () => {
  const limiter = new RateLimiter();
  const address = (i: number) => Uint8Array.of(10, i >> 16, i >> 8, i);
  let i = 0;
  while (limiter.allow(address(i), 0)) i++;
  assert.equal(i, 16384);
  assert.equal(limiter.size, 16384);
  assert.ok(limiter.allow(address(5), 0));
  assert.ok(!limiter.allow(V4, 999));
  assert.ok(limiter.allow(V4, 1000));
  assert.equal(limiter.size, 1);
});

function flipBit(address: Uint8Array, bit: number): Uint8Array {
  return address.map((byte, i) => i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte);
}
