/**
 * Generates the part of the kernel whose speed lies in the order of its instructions: ChaCha20 of
 * four or two blocks, with the instructions of Poly1305 woven between those of the rounds.
 *
 * ChaCha20 keeps the SIMD units busy and Poly1305 the scalar multiplier. A processor overlaps them
 * only when they stand within a few dozen instructions of each other, so a double round of ChaCha20
 * carries two blocks of Poly1305 along, almost for free.
 */

const CONSTANTS = ["0x61707865", "0x3320646e", "0x79622d32", "0x6b206574"];
const DOUBLE_ROUNDS = 10;
const RANGE_4 = [0, 1, 2, 3];

/** Names of the four state words that a quarter round works on. */
type Quarter = readonly [a: string, b: string, c: string, d: string];

/** AssemblyScript for `value` rotated left by `bits` in each 32-bit lane. */
function rotateLeft(value: string, bits: number): string {
  // Only the rotation by 16 is faster as a shuffle.
  return bits === 16
    ? `i8x16.shuffle(${value}, ${value}, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)`
    : `v128.or(i32x4.shl(${value}, ${bits}), i32x4.shr_u(${value}, ${32 - bits}))`;
}

/** RFC 8439 section 2.1, as steps that depend on each other. */
function quarterRound([a, b, c, d]: Quarter): string[] {
  const mix = (sum: string, addend: string, word: string, bits: number) => [
    `${sum} = i32x4.add(${sum}, ${addend});`,
    `${word} = v128.xor(${word}, ${sum}); ${word} = ${rotateLeft(word, bits)};`,
  ];
  return [...mix(a, b, d, 16), ...mix(c, d, b, 12), ...mix(a, b, d, 8), ...mix(c, d, b, 7)];
}

/** The first steps of all quarter rounds, then their second steps, and so on: they are independent. */
function interleave(quarters: readonly Quarter[]): string[] {
  const steps = quarters.map(quarterRound);
  return (steps[0] ?? []).flatMap((_, step) => steps.map((quarter) => quarter[step] ?? ""));
}

/** Spreads the lines of `thin` evenly between those of `thick`. */
function weave(thick: readonly string[], thin: readonly string[]): string[] {
  const woven: string[] = [];
  let taken = 0;
  thick.forEach((line, i) => {
    woven.push(line);
    const due = Math.ceil(((i + 1) * thin.length) / thick.length);
    while (taken < due) woven.push(thin[taken++] ?? "");
  });
  return woven;
}

const POLY1305_LOAD = `\
  let h0 = load<u64>(state, 0), h1 = load<u64>(state, 8), h2 = load<u64>(state, 16);
  let h3 = load<u64>(state, 24), h4 = load<u64>(state, 32);
  const r0 = load<u64>(state, 40), r1 = load<u64>(state, 48), r2 = load<u64>(state, 56);
  const r3 = load<u64>(state, 64), s1 = load<u64>(state, 72), s2 = load<u64>(state, 80);
  const s3 = load<u64>(state, 88);
  let t0: u64 = 0, t1: u64 = 0, t2: u64 = 0, t3: u64 = 0;`;

const POLY1305_STORE = `\
  store<u64>(state, h0, 0); store<u64>(state, h1, 8); store<u64>(state, h2, 16);
  store<u64>(state, h3, 24); store<u64>(state, h4, 32);`;

/**
 * h = (h + block) * r modulo 2^130 - 5 for the 16 bytes at \`source + offset\` (RFC 8439 section 2.5),
 * with h and r in limbs of 32 bits, and s = 5/4 r (a whole number: r's upper limbs are multiples of 4).
 *
 * The limbs of h are not reduced fully. With h0 < 3.3, h1, h2, h3 < 3 (in units of 2^32, the block
 * added) and h4 < 5, r < 2^28, s < 1.25 * 2^28: each t < (3.3 + 1.25 * 9) * 2^60 < 2^64, its upper half
 * < 2^32, and so the new h0 < 1 + 1.3 and h1, h2, h3 < 2, before the next block adds at most 1.
 */
function poly1305Block(offset: number): string[] {
  return [
    `t0 = load<u64>(source, ${offset}); t1 = load<u64>(source, ${offset + 8});`,
    "h0 += t0 & LOW_32; h1 += t0 >> 32;",
    "h2 += t1 & LOW_32; h3 += t1 >> 32; h4 += 1;",
    "t0 = h0 * r0 + h1 * s3 + h2 * s2 + h3 * s1;",
    "t1 = h0 * r1 + h1 * r0 + h2 * s3 + h3 * s2 + h4 * s1;",
    "t2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s3 + h4 * s2;",
    "t3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s3;",
    "h4 = h4 * r0 + (t3 >> 32);",
    "h1 = (t1 & LOW_32) + (t0 >> 32); h2 = (t2 & LOW_32) + (t1 >> 32); h3 = (t3 & LOW_32) + (t2 >> 32);",
    "h0 = (t0 & LOW_32) + (h4 >> 2) + (h4 & ~3); h4 &= 3;",
  ];
}

/** How several blocks lie in vectors: all that differs between four blocks and two. */
interface Layout {
  /** Declares the vectors with the initial state. */
  declare: string[];
  /** The column rounds and the diagonal rounds. */
  doubleRound: [string[], string[]];
  /** Adds the initial state and brings the bytes of the keystream into order. */
  finish: string[];
  /** The vector that holds each 16 bytes of the keystream. */
  output: string[];
}

/** Four blocks: vector x_i holds word i of each. */
function verticalLayout(): Layout {
  const x = (i: number) => `x${i}`;
  const quarter = (a: number, b: number, c: number, d: number): Quarter => [x(a), x(b), x(c), x(d)];
  const initial = [
    ...CONSTANTS.map((constant) => `i32x4.splat(${constant})`),
    ...Array.from({ length: 8 }, (_, i) => `v128.load_splat<u32>(key, ${4 * i})`),
    "counters",
    ...RANGE_4.slice(0, 3).map((i) => `i32x4.splat(nonce${i})`),
  ];
  return {
    declare: [
      "const counters = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3));",
      ...initial.map((value, i) => `let ${x(i)} = ${value};`),
    ],
    doubleRound: [
      interleave(RANGE_4.map((i) => quarter(i, 4 + i, 8 + i, 12 + i))),
      interleave(
        RANGE_4.map((i) => quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)),
      ),
    ],
    finish: [
      ...initial.map((value, i) => `${x(i)} = i32x4.add(${x(i)}, ${value});`),
      "let u0: v128, u1: v128, u2: v128, u3: v128;",
      ...RANGE_4.flatMap((i) => transpose(x(4 * i), x(4 * i + 1), x(4 * i + 2), x(4 * i + 3))),
    ],
    output: RANGE_4.flatMap((block) => RANGE_4.map((row) => x(4 * row + block))),
  };
}

/** Turns four vectors with word 0, 1, 2, 3 of four blocks into the four words of block 0, 1, 2, 3. */
function transpose(a: string, b: string, c: string, d: string): string[] {
  return [
    `u0 = v128.shuffle<u32>(${a}, ${b}, 0, 4, 1, 5); u1 = v128.shuffle<u32>(${c}, ${d}, 0, 4, 1, 5);`,
    `u2 = v128.shuffle<u32>(${a}, ${b}, 2, 6, 3, 7); u3 = v128.shuffle<u32>(${c}, ${d}, 2, 6, 3, 7);`,
    `${a} = v128.shuffle<u64>(u0, u1, 0, 2); ${b} = v128.shuffle<u64>(u0, u1, 1, 3);`,
    `${c} = v128.shuffle<u64>(u2, u3, 0, 2); ${d} = v128.shuffle<u64>(u2, u3, 1, 3);`,
  ];
}

/** Two blocks: vectors a, b, c, d hold the four rows of each block's state. */
function rowLayout(): Layout {
  const blocks = [0, 1];
  const names = (block: number) => ["a", "b", "c", "d"].map((row) => row + block);
  const quarters = blocks.map((
    block,
  ): Quarter => [`a${block}`, `b${block}`, `c${block}`, `d${block}`]);
  const rotateRows = (b: number, c: number, d: number) =>
    blocks.flatMap((block) =>
      ([["b", b], ["c", c], ["d", d]] as const).map(([row, by]) => {
        const lanes = RANGE_4.map((lane) => (lane + by) % 4).join(", ");
        return `${row}${block} = v128.shuffle<u32>(${row}${block}, ${row}${block}, ${lanes});`;
      })
    );
  const initial = (block: number) => [
    "constants",
    "v128.load(key, 0)",
    "v128.load(key, 16)",
    block === 0 ? "last" : "i32x4.add(last, i32x4(1, 0, 0, 0))",
  ];
  return {
    declare: [
      `const constants = i32x4(${CONSTANTS.join(", ")});`,
      "let last = i32x4.replace_lane(i32x4.splat(counter), 1, nonce0);",
      "last = i32x4.replace_lane(i32x4.replace_lane(last, 2, nonce1), 3, nonce2);",
      ...blocks.flatMap((block) =>
        initial(block).map((value, row) => `let ${names(block)[row]} = ${value};`)
      ),
    ],
    doubleRound: [
      interleave(quarters),
      [...rotateRows(1, 2, 3), ...interleave(quarters), ...rotateRows(3, 2, 1)],
    ],
    finish: blocks.flatMap((block) =>
      initial(block).map((value, row) => {
        const name = names(block)[row];
        return `${name} = i32x4.add(${name}, ${value});`;
      })
    ),
    output: blocks.flatMap(names),
  };
}

function indent(lines: readonly string[], depth: number): string {
  return lines.map((line) => " ".repeat(2 * depth) + line).join("\n");
}

/**
 * A function that computes the keystream of `layout`'s blocks from `counter` on and hands each 16
 * bytes to `use`, while it absorbs `32 * macRounds` bytes at `source` into the Poly1305 state.
 */
function chacha20Function(
  name: string,
  layout: Layout,
  use: (vector: string, offset: number) => string,
): string {
  const [columns, diagonals] = layout.doubleRound;
  return `
export function ${name}(
  key: usize, nonce0: u32, nonce1: u32, nonce2: u32, counter: u32,
  target: usize, source: usize, macRounds: u32,
): void {
${indent(layout.declare, 1)}
  let rounds: u32 = ${DOUBLE_ROUNDS};
  if (macRounds) {
    rounds -= macRounds;
    const state = scratch + POLY1305_STATE;
${POLY1305_LOAD}
    do {
${indent([...weave(columns, poly1305Block(0)), ...weave(diagonals, poly1305Block(16))], 3)}
      source += 32;
    } while (--macRounds);
${POLY1305_STORE}
  }
  while (rounds) {
${indent([...columns, ...diagonals], 2)}
    rounds--;
  }
${indent(layout.finish, 1)}
${indent(layout.output.map((vector, i) => use(vector, 16 * i)), 1)}
}
`;
}

const poly1305Function = `
/** Absorbs \`count\` blocks of 16 bytes at \`source\` into the Poly1305 state. */
export function poly1305Blocks(source: usize, count: u32): void {
  const state = scratch + POLY1305_STATE;
${POLY1305_LOAD}
  while (count >= 2) {
${indent([...poly1305Block(0), ...poly1305Block(16)], 2)}
    source += 32;
    count -= 2;
  }
  if (count) {
${indent(poly1305Block(0), 2)}
  }
${POLY1305_STORE}
}
`;

/** The source of the module that chacha20_poly1305.as.ts imports as "./woven.as". */
export function generateChaCha20(): string {
  const toKeystream = (vector: string, offset: number) =>
    `v128.store(target, ${vector}, ${offset});`;
  const toMessage = (vector: string, offset: number) =>
    `v128.store(target, v128.xor(${vector}, v128.load(target, ${offset})), ${offset});`;
  return [
    `import { POLY1305_STATE, scratch } from "./layout.as";\n`,
    `const LOW_32: u64 = 0xffffffff;\n`,
    poly1305Function,
    chacha20Function("chacha20Xor4", verticalLayout(), toMessage),
    chacha20Function("chacha20Keystream4", verticalLayout(), toKeystream),
    chacha20Function("chacha20Keystream2", rowLayout(), toKeystream),
  ].join("");
}
