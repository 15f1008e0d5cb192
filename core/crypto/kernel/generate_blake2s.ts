/**
 * Generates BLAKE2s' compression function with its ten rounds unrolled, so that the message words
 * stay in locals although each round permutes them.
 */

/** RFC 7693 section 2.7: the order of the message words in each round. */
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/** RFC 7693 section 3.2: the state words of each mixing, first the columns, then the diagonals. */
const COLUMNS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]];
const DIAGONALS = [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];

/** RFC 7693 section 2.6. */
const IV = [
  "0x6a09e667",
  "0xbb67ae85",
  "0x3c6ef372",
  "0xa54ff53a",
  "0x510e527f",
  "0x9b05688c",
  "0x1f83d9ab",
  "0x5be0cd19",
];

const RANGE_8 = [0, 1, 2, 3, 4, 5, 6, 7];

/** RFC 7693 section 3.1, the function G, as steps that depend on each other. */
function mix(words: readonly number[], x: string, y: string): string[] {
  const [a, b, c, d] = words.map((word) => `v${word}`);
  return [
    `${a} += ${b} + ${x};`,
    `${d} = rotr<u32>(${d} ^ ${a}, 16);`,
    `${c} += ${d};`,
    `${b} = rotr<u32>(${b} ^ ${c}, 12);`,
    `${a} += ${b} + ${y};`,
    `${d} = rotr<u32>(${d} ^ ${a}, 8);`,
    `${c} += ${d};`,
    `${b} = rotr<u32>(${b} ^ ${c}, 7);`,
  ];
}

/** Four independent mixings with eight words of the message, step by step. */
function halfRound(groups: readonly number[][], words: readonly number[]): string[] {
  const steps = groups.map((group, i) => mix(group, `m${words[2 * i]}`, `m${words[2 * i + 1]}`));
  return (steps[0] ?? []).map((_, step) => "  " + steps.map((mixing) => mixing[step]).join(" "));
}

/** The source of the module that blake2s.as.ts imports as "./blake2s_compress.as". */
export function generateBlake2s(): string {
  return `import { BLAKE2S_STATE, scratch } from "./layout.as";

/** RFC 7693 section 2.5: the first chaining values, with digest and key size in the parameter block. */
export function begin(digestSize: u32, keySize: u32): void {
  const state = scratch + BLAKE2S_STATE;
${RANGE_8.map((i) => `  store<u32>(state, ${IV[i]}, ${4 * i});`).join("\n")}
  store<u32>(state, ${IV[0]} ^ 0x01010000 ^ (keySize << 8) ^ digestSize);
}

/**
 * RFC 7693 section 3.2: compresses the 64 bytes at \`block\` into the state. \`count\` is the number of
 * bytes up to the end of this block, \`last\` is all ones for the last block and 0 for others.
 */
export function compress(block: usize, count: u32, last: u32): void {
  const state = scratch + BLAKE2S_STATE;
${Array.from({ length: 16 }, (_, i) => `  const m${i} = load<u32>(block, ${4 * i});`).join("\n")}
${RANGE_8.map((i) => `  let v${i} = load<u32>(state, ${4 * i});`).join("\n")}
${RANGE_8.map((i) => `  let v${8 + i}: u32 = ${IV[i]};`).join("\n")}
  v12 ^= count;
  v14 ^= last;
${
    SIGMA.flatMap((words) => [
      ...halfRound(COLUMNS, words.slice(0, 8)),
      ...halfRound(DIAGONALS, words.slice(8)),
    ]).join("\n")
  }
${
    RANGE_8.map((i) =>
      `  store<u32>(state, load<u32>(state, ${4 * i}) ^ v${i} ^ v${8 + i}, ${4 * i});`
    )
      .join("\n")
  }
}
`;
}
