// ChaCha20-Poly1305 (RFC 8439 section 2.8) on WireGuard's transport data messages, in place: the
// nonce is in the message's header, there is no additional data, the tag follows the data.
//
// The keystream comes in chunks of 256 bytes. The first block of the first chunk is Poly1305's key,
// so the first chunk covers 192 bytes of data. Poly1305 works on ciphertext, so it trails behind
// ChaCha20 when sealing and runs ahead of it when opening. In a batch, what is left to authenticate of
// one message is woven into the first chunk of the next one.

import {
  AEAD_END,
  KEYSTREAM_A,
  KEYSTREAM_B,
  KEYSTREAM_C,
  POLY1305_STATE,
  scratch,
} from "./layout.as";
import { poly1305Begin, poly1305End } from "./poly1305.as";
import { chacha20Keystream2, chacha20Keystream4, chacha20Xor4, poly1305Blocks } from "./woven.as";

const HEADER: usize = 16;
const CHUNK: u32 = 256;
const FIRST: u32 = 192;
const BLOCK: u32 = 64;

/**
 * Xors `length` bytes with the keystream, in whole vectors: up to 15 bytes behind are changed too.
 */
export function xorKeystream(target: usize, keystream: usize, length: u32): void {
  for (const end = target + length; target < end; target += 16, keystream += 16) {
    v128.store(target, v128.xor(v128.load(target), v128.load(keystream)));
  }
}

/** The keystream of blocks 0 to 1 or 0 to 3, whichever suffices, while Poly1305 absorbs at `source`. */
function firstKeystream(
  key: usize,
  message: usize,
  length: u32,
  keystream: usize,
  source: usize,
  macRounds: u32,
): void {
  const nonce1 = load<u32>(message, 8);
  const nonce2 = load<u32>(message, 12);
  if (length <= BLOCK) {
    chacha20Keystream2(key, 0, nonce1, nonce2, 0, keystream, source, macRounds);
  } else {
    chacha20Keystream4(key, 0, nonce1, nonce2, 0, keystream, source, macRounds);
  }
}

/** Encrypts all; returns how many bytes at the end have not been authenticated yet. */
function sealData(key: usize, message: usize, length: u32, keystream: usize): u32 {
  const nonce1 = load<u32>(message, 8);
  const nonce2 = load<u32>(message, 12);
  let data = message + HEADER;
  let authenticated = data;
  let left = length;
  let counter: u32 = 4;

  const first = min<u32>(left, FIRST);
  xorKeystream(data, keystream + BLOCK, first);
  data += first;
  left -= first;
  while (left >= CHUNK) {
    const macRounds = <u32> (data - authenticated) >> 5;
    chacha20Xor4(key, 0, nonce1, nonce2, counter, data, authenticated, macRounds);
    authenticated += macRounds << 5;
    data += CHUNK;
    left -= CHUNK;
    counter += 4;
  }
  if (left) {
    const macRounds = <u32> (data - authenticated) >> 5;
    const area = scratch + KEYSTREAM_A;
    if (left <= 2 * BLOCK) {
      chacha20Keystream2(key, 0, nonce1, nonce2, counter, area, authenticated, macRounds);
    } else {
      chacha20Keystream4(key, 0, nonce1, nonce2, counter, area, authenticated, macRounds);
    }
    authenticated += macRounds << 5;
    xorKeystream(data, area, left);
    data += left;
  }
  return <u32> (data - authenticated);
}

/**
 * Decrypts all and returns 1 if the tag is right. The first `authenticated` bytes, a multiple of 32 of
 * at most `FIRST`, have been absorbed before.
 */
function openData(
  key: usize,
  message: usize,
  length: u32,
  keystream: usize,
  authenticated: u32,
): u32 {
  const nonce1 = load<u32>(message, 8);
  const nonce2 = load<u32>(message, 12);
  let data = message + HEADER;
  let left = length;
  let counter: u32 = 4;
  const end = data + length;
  const tag = v128.load(end);
  let expected: v128;

  if (left <= FIRST) {
    expected = poly1305End(data + authenticated, left - authenticated, 0, length);
    xorKeystream(data, keystream + BLOCK, left);
  } else {
    if (authenticated < FIRST) poly1305Blocks(data + authenticated, (FIRST - authenticated) >> 4);
    xorKeystream(data, keystream + BLOCK, FIRST);
    data += FIRST;
    left -= FIRST;
    while (left >= CHUNK) {
      chacha20Xor4(key, 0, nonce1, nonce2, counter, data, data, CHUNK >> 5);
      data += CHUNK;
      left -= CHUNK;
      counter += 4;
    }
    const area = scratch + KEYSTREAM_A;
    const macRounds = left >> 5;
    if (left > 2 * BLOCK) {
      chacha20Keystream4(key, 0, nonce1, nonce2, counter, area, data, macRounds);
    } else if (left) {
      chacha20Keystream2(key, 0, nonce1, nonce2, counter, area, data, macRounds);
    }
    const absorbed = macRounds << 5;
    expected = poly1305End(data + absorbed, left - absorbed, 0, length);
    xorKeystream(data, area, left);
  }
  // The last vector of the keystream may have run over the tag.
  v128.store(end, tag);
  return v128.any_true(v128.xor(tag, expected)) ? 0 : 1;
}

/** Overwrites keystream, one-time key and Poly1305 state. */
export function wipeAead(): void {
  memory.fill(scratch + POLY1305_STATE, 0, AEAD_END - POLY1305_STATE);
}

/** `TransportAead.seal`. */
export function seal(key: usize, message: usize, length: u32): void {
  const keystream = scratch + KEYSTREAM_A;
  firstKeystream(key, message, length, keystream, 0, 0);
  poly1305Begin(keystream);
  const left = sealData(key, message, length, keystream);
  const end = message + HEADER + length;
  v128.store(end, poly1305End(end - left, left, 0, length));
  wipeAead();
}

/** `TransportAead.open`: 1 when the tag is right. */
export function open(key: usize, message: usize, length: u32): u32 {
  const keystream = scratch + KEYSTREAM_A;
  firstKeystream(key, message, length, keystream, 0, 0);
  poly1305Begin(keystream);
  const opened = openData(key, message, length, keystream, 0);
  wipeAead();
  return opened;
}

/** `TransportAead.sealBatch`. */
export function sealBatch(list: usize, count: u32): void {
  if (!count) return;
  const keystream = scratch + KEYSTREAM_A;
  // Of the message before: where its data ends, its length, and how much is not authenticated yet.
  let end: usize = 0;
  let total: u32 = 0;
  let left: u32 = 0;
  for (let i: u32 = 0; i < count; i++, list += 16) {
    const key: usize = load<u32>(list, 0);
    const message: usize = load<u32>(list, 4);
    const length = load<u32>(list, 8);
    const macRounds = left >> 5;
    firstKeystream(key, message, length, keystream, end - left, macRounds);
    if (i) {
      left -= macRounds << 5;
      v128.store(end, poly1305End(end - left, left, 0, total));
    }
    poly1305Begin(keystream);
    left = sealData(key, message, length, keystream);
    end = message + HEADER + length;
    total = length;
  }
  v128.store(end, poly1305End(end - left, left, 0, total));
  wipeAead();
}

/** `TransportAead.openBatch`. */
export function openBatch(list: usize, count: u32): void {
  if (!count) return;
  let keystream = scratch + KEYSTREAM_B;
  let nextKeystream = scratch + KEYSTREAM_C;
  let key: usize = load<u32>(list, 0);
  let message: usize = load<u32>(list, 4);
  let length = load<u32>(list, 8);
  firstKeystream(key, message, length, keystream, 0, 0);
  for (let left = count; left; left--, list += 16) {
    poly1305Begin(keystream);
    if (left === 1) {
      store<u32>(list, openData(key, message, length, keystream, 0), 12);
      break;
    }
    const nextKey: usize = load<u32>(list, 16);
    const nextMessage: usize = load<u32>(list, 20);
    const nextLength = load<u32>(list, 24);
    const macRounds = min<u32>(length, FIRST) >> 5;
    firstKeystream(
      nextKey,
      nextMessage,
      nextLength,
      nextKeystream,
      message + HEADER,
      macRounds,
    );
    store<u32>(list, openData(key, message, length, keystream, macRounds << 5), 12);
    key = nextKey;
    message = nextMessage;
    length = nextLength;
    const used = keystream;
    keystream = nextKeystream;
    nextKeystream = used;
  }
  wipeAead();
}
