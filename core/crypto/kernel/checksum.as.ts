// The Internet checksum's sum (RFC 1071): ones' complement addition of 16-bit words.

/** Sum of the four lanes. */
function sumOfLanes(sums: v128): u64 {
  const pairs = i64x2.add(i64x2.extend_low_i32x4_u(sums), i64x2.extend_high_i32x4_u(sums));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}

/** What is left at the end, less than 32 bytes: whole words, then perhaps a byte. */
function sumOfRest(source: usize, length: u32): u64 {
  let sum: u64 = 0;
  for (; length >= 8; length -= 8, source += 8) {
    const words = load<u64>(source);
    sum += (words & 0xffffffff) + (words >> 32);
  }
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

// Each lane of `a` and `b` gains at most 2 * 65535 from 32 bytes, so 2^20 bytes don't overflow it.

/** `ChecksumKernel.sum`. */
export function sum(source: usize, length: u32): u32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  for (; length >= 32; length -= 32, source += 32) {
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(v128.load(source, 0)));
    b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(v128.load(source, 16)));
  }
  return fold(sumOfLanes(a) + sumOfLanes(b) + sumOfRest(source, length));
}

/** `ChecksumKernel.copyAndSum`. */
export function copyAndSum(target: usize, source: usize, length: u32): u32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  for (; length >= 32; length -= 32, source += 32, target += 32) {
    const first = v128.load(source, 0);
    const second = v128.load(source, 16);
    v128.store(target, first, 0);
    v128.store(target, second, 16);
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(first));
    b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(second));
  }
  memory.copy(target, source, length);
  return fold(sumOfLanes(a) + sumOfLanes(b) + sumOfRest(source, length));
}
