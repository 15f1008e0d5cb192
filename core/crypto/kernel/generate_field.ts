/**
 * Generates multiplication modulo p = 2^255 - 19, of two pairs of numbers at once: one number in each
 * lane of f64x2 vectors.
 *
 * A number is a sum of twelve limbs, each a floating-point number that is a whole multiple of 2^e for
 * its exponent e (D. J. Bernstein, "Curve25519: new Diffie-Hellman speed records", section 4). Products
 * of limbs then have the right exponents by themselves, and the multiple of 2^255 that overflows is
 * brought back by multiplying with 19 * 2^-255. All is exact as long as a sum needs at most 53 bits.
 *
 * Bounds. A limb with w bits (22 or 21) is at most 2^(w-1) (1 + 2^-7) times 2^e after `carry`. The
 * ladder multiplies sums of at most two such numbers. A column is a sum of twelve of their products, of
 * which up to eleven have the factor 19: below 2^51 times 2^e in the worst column, which is the first.
 */

const LIMBS = 12;
const RANGE = Array.from({ length: LIMBS }, (_, i) => i);

/** The exponent of limb `i`: the least whole number >= 21.25 i. */
function exponent(i: number): number {
  return Math.ceil(21.25 * i);
}

const LOAD = (vector: string, limb: number) => `v128.load(${vector}, ${16 * limb})`;

/** Adds a product to column `k`, whose first product declares it. */
class Columns {
  #seen = new Set<number>();

  add(k: number, product: string): string {
    if (this.#seen.has(k)) return `h${k} = f64x2.add(h${k}, ${product});`;
    this.#seen.add(k);
    return `let h${k} = ${product};`;
  }
}

/** Schoolbook multiplication; what overflows 2^255 is multiplied by a limb that has the factor in it. */
function multiply(): string[] {
  const columns = new Columns();
  return RANGE.flatMap((i) => [
    `const f${i} = ${LOAD("f", i)};`,
    ...(i > 0 ? [`const w${i} = f64x2.mul(f${i}, wrap);`] : []),
    ...RANGE.map((j) => {
      const factor = i + j < LIMBS ? `f${i}` : `w${i}`;
      return columns.add((i + j) % LIMBS, `f64x2.mul(${factor}, ${LOAD("g", j)})`);
    }),
  ]);
}

/** As {@linkcode multiply}, with each product of two different limbs taken once, doubled. */
function square(): string[] {
  const columns = new Columns();
  return RANGE.flatMap((i) => [
    `const f${i} = ${LOAD("f", i)};`,
    `const d${i} = f64x2.add(f${i}, f${i});`,
    `const w${i} = f64x2.mul(f${i}, wrap);`,
    `const v${i} = f64x2.mul(d${i}, wrap);`,
    ...RANGE.slice(i).map((j) => {
      const wraps = i + j >= LIMBS;
      const factor = (i === j ? (wraps ? "w" : "f") : (wraps ? "v" : "d")) + i;
      const other = i === j ? `f${i}` : LOAD("f", j);
      return columns.add((i + j) % LIMBS, `f64x2.mul(${factor}, ${other})`);
    }),
  ]);
}

/**
 * Brings all limbs within their bounds. Adding and subtracting 3 * 2^(e+51) rounds to a multiple of
 * 2^e. Three chains run side by side: carries wait for each other within a chain only.
 */
function carry(): string[] {
  const starts = [0, 4, 8];
  return [0, 1, 2, 3, 4].flatMap((step) =>
    starts.flatMap((start) => {
      const i = (start + step) % LIMBS;
      const next = (i + 1) % LIMBS;
      const carried = next === 0 ? "f64x2.mul(c, wrap)" : "c";
      return [
        `r = ${LOAD("rounding", i)}; c = f64x2.sub(f64x2.add(h${i}, r), r);`,
        `h${i} = f64x2.sub(h${i}, c); h${next} = f64x2.add(h${next}, ${carried});`,
      ];
    })
  );
}

function fieldFunction(
  name: string,
  parameters: string,
  comment: string,
  compute: string[],
): string {
  const lines = [
    "const wrap = f64x2.splat(WRAP);",
    "const rounding = scratch + X25519_ROUNDING;",
    ...compute,
    "let r: v128, c: v128;",
    ...carry(),
    ...RANGE.map((i) => `v128.store(out, h${i}, ${16 * i});`),
  ];
  return `
/** ${comment} */
export function ${name}(out: usize, ${parameters}): void {
${lines.map((line) => "  " + line).join("\n")}
}
`;
}

/** The source of the module that x25519.as.ts imports as "./field.as". */
export function generateField(): string {
  const rounding = RANGE.map((i) =>
    `  v128.store(table, f64x2.splat(${3 * 2 ** (exponent(i + 1) + 51)}), ${16 * i});`
  );
  return [
    `import { X25519_ROUNDING, scratch } from "./layout.as";

/** What a carry out of the last limb is multiplied by: 19 / 2^255. */
const WRAP: f64 = ${19 * 2 ** -255};

/** Writes the constants that \`carry\` and the multiplications need. */
export function prepareField(): void {
  const table = scratch + X25519_ROUNDING;
${rounding.join("\n")}
}
`,
    fieldFunction(
      "multiply",
      "f: usize, g: usize",
      "out = f * g. `out` may be f or g.",
      multiply(),
    ),
    fieldFunction("square", "f: usize", "out = f * f. `out` may be f.", square()),
    fieldFunction(
      "carry",
      "f: usize",
      "out = f with all limbs within their bounds. `out` may be f.",
      RANGE.map((i) => `let h${i} = ${LOAD("f", i)};`),
    ),
  ].join("");
}
