import { chacha20 } from "@noble/ciphers/chacha.js";
import assert from "node:assert/strict";
import { KEY_SIZE, TAG_SIZE, TRANSPORT_HEADER_SIZE } from "../../../core/crypto/crypto.ts";
import { Bytes } from "./bytes.ts";
import { equal, type Subject, TRANSPORTS } from "./implementations.ts";

const KEY = 64;
const LIST = 1024;
const MESSAGE = 8192;
const LONGEST = 2000;
/** Room for one message of a batch, and what must stay untouched around it. */
const SLOT = 2560;
const DESCRIPTOR_SIZE = 16;
const OVERHEAD = TRANSPORT_HEADER_SIZE + TAG_SIZE;

/** Two implementations whose memories are given the same contents. */
class Pair {
  readonly reference: Subject = create("noble");
  readonly tested: Subject;

  constructor(implementation: string) {
    this.tested = create(implementation);
  }

  set(bytes: Uint8Array, offset: number): void {
    this.reference.memory.bytes.set(bytes, offset);
    this.tested.memory.bytes.set(bytes, offset);
  }

  fill(value: number, start: number, end: number): void {
    this.reference.memory.bytes.fill(value, start, end);
    this.tested.memory.bytes.fill(value, start, end);
  }

  /** Fails unless both memories hold the same bytes from `start` to `end`. */
  assertSame(start: number, end: number, message: string): void {
    const expected = this.reference.memory.bytes.subarray(start, end);
    assert.ok(equal(this.tested.memory.bytes.subarray(start, end), expected), message);
  }
}

function create(implementation: string): Subject {
  const make = TRANSPORTS[implementation];
  assert.ok(make);
  return make();
}

for (const implementation of Object.keys(TRANSPORTS)) {
  if (implementation === "noble") continue;

  Deno.test(`${implementation}: seals and opens like noble at every length up to ${LONGEST}`, () => {
    const pair = new Pair(implementation);
    const { tested, reference } = pair;
    const random = new Bytes(1);
    for (let length = 0; length <= LONGEST; length++) {
      const message = MESSAGE + length % 16;
      const start = MESSAGE - 64;
      const end = message + length + OVERHEAD + 64;
      pair.set(random.take(KEY_SIZE), KEY);
      pair.fill(0xa5, start, end);
      pair.set(random.take(OVERHEAD + length), message);

      tested.crypto.transport.seal(KEY, message, length);
      reference.crypto.transport.seal(KEY, message, length);
      pair.assertSame(start, end, `seal ${length}`);
      const sealed = tested.memory.bytes.slice(start, end);

      assert.equal(tested.crypto.transport.open(KEY, message, length), true, `open ${length}`);
      assert.equal(reference.crypto.transport.open(KEY, message, length), true);
      pair.assertSame(start, end, `open ${length}`);

      // One wrong bit anywhere in the ciphertext, the tag or the counter.
      tested.memory.bytes.set(sealed, start);
      const bit = random.below(8 * (8 + length + TAG_SIZE));
      const at = message + 8 + (bit >> 3);
      tested.memory.view.setUint8(at, tested.memory.view.getUint8(at) ^ (1 << (bit & 7)));
      assert.equal(tested.crypto.transport.open(KEY, message, length), false, `forged ${length}`);
      const around = tested.memory.bytes;
      assert.ok(around.subarray(start, message).every((byte) => byte === 0xa5));
      assert.ok(around.subarray(end - 64, end).every((byte) => byte === 0xa5));
    }
  });

  Deno.test(`${implementation}: opens nothing with another key, length or tag`, () => {
    const { crypto: { transport }, memory } = create(implementation);
    const random = new Bytes(2);
    memory.bytes.set(random.take(2 * KEY_SIZE), KEY);
    for (const length of [0, 1, 15, 16, 32, 64, 65, 192, 193, 256, 448, 449, 1420]) {
      const message = random.take(OVERHEAD + length);
      const seal = () => {
        memory.bytes.set(message, MESSAGE);
        transport.seal(KEY, MESSAGE, length);
      };
      seal();
      assert.equal(transport.open(KEY + KEY_SIZE, MESSAGE, length), false, `key ${length}`);
      seal();
      assert.equal(transport.open(KEY, MESSAGE, length + 1), false, `longer than ${length}`);
      seal();
      assert.equal(length > 0 && transport.open(KEY, MESSAGE, length - 1), false);
      for (let bit = 0; bit < 8 * TAG_SIZE; bit++) {
        seal();
        const at = MESSAGE + TRANSPORT_HEADER_SIZE + length + (bit >> 3);
        memory.view.setUint8(at, memory.view.getUint8(at) ^ (1 << (bit & 7)));
        assert.equal(transport.open(KEY, MESSAGE, length), false, `tag bit ${bit}, ${length}`);
      }
    }
  });

  Deno.test(`${implementation}: authenticates ciphertext that is all ones like noble`, () => {
    const pair = new Pair(implementation);
    const random = new Bytes(3);
    for (let round = 0; round < 300; round++) {
      const length = 1408 - round % 33;
      const data = MESSAGE + TRANSPORT_HEADER_SIZE;
      const header = random.take(TRANSPORT_HEADER_SIZE);
      pair.set(random.take(KEY_SIZE), KEY);
      // Sealing zeros gives the keystream, whose complement is then encrypted to ones.
      pair.fill(0, MESSAGE, data + length);
      pair.set(header, MESSAGE);
      pair.reference.crypto.transport.seal(KEY, MESSAGE, length);
      const keystream = pair.reference.memory.bytes.slice(data, data + length);
      pair.set(keystream.map((byte) => ~byte), data);
      pair.reference.crypto.transport.seal(KEY, MESSAGE, length);
      pair.tested.crypto.transport.seal(KEY, MESSAGE, length);
      assert.equal(pair.tested.memory.bytes[data + length - 1], 0xff);
      pair.assertSame(MESSAGE, data + length + TAG_SIZE, `round ${round}`);
      assert.equal(pair.tested.crypto.transport.open(KEY, MESSAGE, length), true);
    }
  });

  Deno.test(`${implementation}: computes tags whose value is 0 to 7 before the key is added`, () => {
    const { crypto: { transport }, memory } = create(implementation);
    const random = new Bytes(5);
    const p = 2n ** 130n - 5n;
    const data = MESSAGE + TRANSPORT_HEADER_SIZE;
    for (let round = 0; round < 64; round++) {
      const key = random.take(KEY_SIZE);
      const header = random.take(TRANSPORT_HEADER_SIZE);
      const nonce = new Uint8Array(12);
      nonce.set(header.subarray(8), 4);
      const keystream = chacha20(key, nonce, new Uint8Array(64 + 2 * TAG_SIZE));
      const r = toBigInt(keystream.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
      const s = toBigInt(keystream.subarray(16, 32));

      // value = (((first * r + second) * r) + lengths) * r, each block with a 1 behind its 16 bytes.
      const value = BigInt(round % 8);
      const inverse = power(r, p - 2n, p);
      const lengths = (1n << 128n) + (BigInt(2 * TAG_SIZE) << 64n);
      let first: Uint8Array;
      let second: bigint;
      do {
        first = random.take(16);
        const before = (1n << 128n) + toBigInt(first);
        second = ((value * inverse - lengths) * inverse - before * r) % p;
        if (second < 0n) second += p;
      } while (second >> 128n !== 1n);

      const ciphertext = new Uint8Array(2 * TAG_SIZE);
      ciphertext.set(first);
      for (let i = 0; i < 16; i++) ciphertext[16 + i] = Number((second >> BigInt(8 * i)) & 255n);
      memory.bytes.set(key, KEY);
      memory.bytes.set(header, MESSAGE);
      memory.bytes.set(ciphertext.map((byte, i) => byte ^ (keystream[64 + i] ?? 0)), data);
      transport.seal(KEY, MESSAGE, ciphertext.length);
      assert.deepEqual(memory.bytes.slice(data, data + 32), ciphertext);
      const tag = toBigInt(memory.bytes.subarray(data + 32, data + 48));
      assert.equal(tag, (value + s) % (1n << 128n), `round ${round}`);
      assert.equal(transport.open(KEY, MESSAGE, ciphertext.length), true);
    }
  });

  Deno.test(`${implementation}: seals and opens batches like noble`, () => {
    const pair = new Pair(implementation);
    const { tested, reference } = pair;
    const random = new Bytes(4);
    for (const count of [0, 1, 2, 3, 5, 17, 64]) {
      for (let round = 0; round < 6; round++) {
        const end = MESSAGE + (count + 1) * SLOT;
        pair.fill(0xa5, LIST, end);
        pair.set(random.take(8 * KEY_SIZE), KEY);
        for (let i = 0; i < count; i++) {
          const key = KEY + KEY_SIZE * random.below(8);
          const message = MESSAGE + i * SLOT + random.below(32);
          const length = round === 0 ? 1420 : random.below(round === 1 ? 80 : LONGEST);
          pair.set(random.take(OVERHEAD + length), message);
          pair.set(new Uint8Array(Uint32Array.of(key, message, length).buffer), list(i));
        }
        tested.crypto.transport.sealBatch(LIST, count);
        reference.crypto.transport.sealBatch(LIST, count);
        pair.assertSame(LIST, end, `seal ${count} messages, round ${round}`);

        const forged = Array.from({ length: count }, () => round > 2 && random.below(3) === 0);
        const { view } = tested.memory;
        for (let i = 0; i < count; i++) {
          if (!forged[i]) continue;
          const message = view.getUint32(list(i) + 4, true);
          const length = view.getUint32(list(i) + 8, true);
          const at = message + TRANSPORT_HEADER_SIZE + random.below(length + TAG_SIZE);
          view.setUint8(at, view.getUint8(at) ^ 0x10);
        }
        tested.crypto.transport.openBatch(LIST, count);
        reference.crypto.transport.openBatch(LIST, count);
        for (let i = 0; i < count; i++) {
          assert.equal(view.getUint32(list(i) + 12, true), forged[i] ? 0 : 1);
          const message = view.getUint32(list(i) + 4, true);
          const behind = message + OVERHEAD + view.getUint32(list(i) + 8, true);
          const next = MESSAGE + (i + 1) * SLOT;
          if (forged[i]) pair.assertSame(behind, next, `behind forged message ${i}`);
          else pair.assertSame(MESSAGE + i * SLOT, next, `open message ${i} of ${count}`);
        }
      }
    }
  });
}

/** Offset of descriptor `i`. */
function list(i: number): number {
  return LIST + i * DESCRIPTOR_SIZE;
}

/** The number in little-endian bytes. */
function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** base ^ exponent modulo `modulus`. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base; exponent > 0n; exponent >>= 1n, square = (square * square) % modulus) {
    if (exponent & 1n) result = (result * square) % modulus;
  }
  return result;
}
