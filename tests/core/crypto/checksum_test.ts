import assert from "node:assert/strict";
import { Bytes } from "./bytes.ts";
import { equal, testEach } from "./implementations.ts";

/** The most bytes that may be summed at once. */
const LONGEST = 2 ** 20;

/** RFC 1071 section 1, one 16-bit word after the other. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0;
  bytes.forEach((byte, i) => {
    sum += i & 1 ? byte << 8 : byte;
    sum = (sum & 0xffff) + (sum >> 16);
  });
  return sum;
}

testEach("sum and copyAndSum equal the definition at every length", ({ crypto, memory }) => {
  const random = new Bytes(1);
  const { checksum } = crypto;
  for (let length = 0; length <= 300; length++) {
    const from = 4096 + length % 17;
    const to = 8192 + length % 7;
    const bytes = random.take(length);
    memory.bytes.fill(0xff, from - 32, from + length + 32);
    memory.bytes.fill(0xff, to - 32, to + length + 32);
    memory.bytes.set(bytes, from);
    const expected = plainSum(bytes);
    assert.equal(checksum.sum(from, length), expected, `sum ${length}`);
    assert.equal(checksum.copyAndSum(to, from, length), expected, `copyAndSum ${length}`);
    const copied = memory.bytes.subarray(to, to + length);
    assert.ok(equal(copied, bytes), `copy ${length}`);
    assert.ok(memory.bytes.subarray(to - 32, to).every((byte) => byte === 0xff));
    assert.ok(memory.bytes.subarray(to + length, to + length + 32).every((b) => b === 0xff));
  }
});

testEach("the sum of nothing and of zeros is 0, of ones always 0xffff", ({ crypto, memory }) => {
  const { checksum } = crypto;
  memory.bytes.fill(0, 0, LONGEST);
  assert.equal(checksum.sum(0, 0), 0);
  assert.equal(checksum.sum(0, LONGEST), 0);
  memory.bytes.fill(0xff, 0, LONGEST);
  for (const length of [2, 16, 18, 1420, 65534, 300_000, LONGEST]) {
    assert.equal(checksum.sum(0, length), 0xffff, `${length}`);
    assert.equal(checksum.copyAndSum(LONGEST, 0, length), 0xffff, `${length}`);
  }
});

testEach("long sums equal the definition", ({ crypto, memory }) => {
  const random = new Bytes(2);
  for (const length of [1420, 65535, 300_001]) {
    const bytes = random.take(length);
    memory.bytes.set(bytes, 3);
    assert.equal(crypto.checksum.sum(3, length), plainSum(bytes));
    assert.equal(crypto.checksum.copyAndSum(LONGEST, 3, length), plainSum(bytes));
    assert.ok(equal(memory.bytes.subarray(LONGEST, LONGEST + length), bytes));
  }
});
