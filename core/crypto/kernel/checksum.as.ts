// The Internet checksum's sum (RFC 1071): ones' complement addition of 16-bit words.

/** Bytes after which the 32-bit lanes must be emptied: each 16 bytes add at most 2 * 65535 to a lane. */
const LIMIT: u32 = 1 << 18;

/** Sum of the four lanes. */
function sumOfLanes(sums: v128): u64 {
  const pairs = i64x2.add(i64x2.extend_low_i32x4_u(sums), i64x2.extend_high_i32x4_u(sums));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}

/** The last `length` (0 to 15) bytes of something: whole words, then a byte. */
function sumOfRest(source: usize, length: u32): u64 {
  let sum: u64 = 0;
  for (; length >= 2; length -= 2, source += 2) sum += load<u16>(source);
  if (length) sum += load<u8>(source);
  return sum;
}

/** Folds to 16 bits with the carries added back. */
function fold(sum: u64): u32 {
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 16) + (sum & 0xffff);
  sum = (sum >> 16) + (sum & 0xffff);
  return <u32> ((sum >> 16) + (sum & 0xffff));
}

/** `ChecksumKernel.sum`. */
export function sum(source: usize, length: u32): u32 {
  let total: u64 = 0;
  while (length >= 16) {
    const part = min<u32>(length & ~15, LIMIT);
    const end = source + part;
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    for (; source + 32 <= end; source += 32) {
      a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(v128.load(source, 0)));
      b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(v128.load(source, 16)));
    }
    if (source < end) {
      a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(v128.load(source)));
      source = end;
    }
    total += sumOfLanes(a) + sumOfLanes(b);
    length -= part;
  }
  return fold(total + sumOfRest(source, length));
}

/** `ChecksumKernel.copyAndSum`. */
export function copyAndSum(target: usize, source: usize, length: u32): u32 {
  let total: u64 = 0;
  while (length >= 16) {
    const part = min<u32>(length & ~15, LIMIT);
    const end = source + part;
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    for (; source + 32 <= end; source += 32, target += 32) {
      const first = v128.load(source, 0);
      const second = v128.load(source, 16);
      v128.store(target, first, 0);
      v128.store(target, second, 16);
      a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(first));
      b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(second));
    }
    if (source < end) {
      const last = v128.load(source);
      v128.store(target, last);
      a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(last));
      source = end;
      target += 16;
    }
    total += sumOfLanes(a) + sumOfLanes(b);
    length -= part;
  }
  for (let i: u32 = 0; i < length; i++) store<u8>(target + i, load<u8>(source + i));
  return fold(total + sumOfRest(source, length));
}
