import assert from "node:assert/strict";
import fc from "fast-check";
import { formatIpAddress, IpAddress, IpPrefix } from "../../core/ip.ts";

const address4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Groups that are often zero, so that runs of them occur. */
const address6 = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
}).map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));
const anyAddress = fc.oneof(address4, address6);

function prefix(text: string): IpPrefix {
  const parsed = IpPrefix.parse(text);
  assert.ok(parsed !== null, text);
  return parsed;
}

Deno.test("IpAddress reads what it prints", () => {
  fc.assert(fc.property(anyAddress, (bytes) => {
    const parsed = IpAddress.parse(formatIpAddress(bytes));
    assert.deepEqual(parsed?.bytes, bytes);
    assert.equal(parsed?.family, bytes.length === 4 ? 4 : 6);
  }));
});

Deno.test("IpAddress prints as inet_ntop(3) does", () => {
  const cases: [string, string][] = [
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["0:0:1:0:0:1:0:0", "::1:0:0:1:0:0"],
    ["0:0:0:0:0:ffff:102:304", "::ffff:1.2.3.4"],
    ["0:0:0:0:0:0:102:304", "::1.2.3.4"],
    ["0:0:0:0:0:0:0:102", "::102"],
    ["0:0:0:0:0:1:102:304", "::1:102:304"],
    ["0:0:0:0:ffff:0:102:304", "::ffff:0:102:304"],
    ["1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"],
    ["0001:0:0002::", "1:0:2::"],
  ];
  for (const [text, printed] of cases) assert.equal(IpAddress.parse(text)?.toString(), printed);
});

Deno.test("IpAddress rejects all that inet_pton(3) rejects", () => {
  const wrong = [
    "",
    " ",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1.2..3",
    "01.2.3.4",
    "1.2.3.00",
    "1.2.3.256",
    "1.2.3.1000",
    "1.2.3.-1",
    "1.2.3.+1",
    "1.2.3.4 ",
    "0x1.2.3.4",
    "1.2.3.٤",
    "localhost",
    ":",
    ":::",
    "1:",
    ":1",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "00001::",
    "g::",
    "::1%lo",
    "[::1]",
    "::1.2.3",
    "::1.2.3.4:1",
    "1.2.3.4::",
    "::01.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
    " ::1",
  ];
  for (const text of wrong) assert.equal(IpAddress.parse(text), null, JSON.stringify(text));
  fc.assert(fc.property(fc.string(), (text) => {
    const parsed = IpAddress.parse(text);
    if (parsed !== null) assert.deepEqual(IpAddress.parse(parsed.toString()), parsed);
  }));
});

/** RFC 4291 section 2.2 by the letter: a slow and obvious reference. */
function parseSlowly(text: string): Uint8Array | null {
  const [head = "", tail, ...more] = text.split("::");
  const groups = (part: string, mayEmbed: boolean): number[] => {
    const bytes: number[] = [];
    const words = part === "" ? [] : part.split(":");
    for (const [i, word] of words.entries()) {
      const quad = word.split(".");
      if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
        bytes.push(parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff);
      } else if (
        mayEmbed && i === words.length - 1 && quad.length === 4 &&
        quad.every((octet) => /^(0|[1-9][0-9]{0,2})$/.test(octet) && Number(octet) <= 255)
      ) {
        bytes.push(...quad.map(Number));
      } else {
        return Array(17).fill(0);
      }
    }
    return bytes;
  };
  if (more.length > 0) return null;
  if (tail === undefined) {
    const bytes = groups(head, true);
    return bytes.length === 16 ? Uint8Array.from(bytes) : null;
  }
  const before = groups(head, false), after = groups(tail, true);
  const missing = 16 - before.length - after.length;
  return missing < 2 ? null : Uint8Array.from([...before, ...Array(missing).fill(0), ...after]);
}

Deno.test("IpAddress reads IPv6 addresses as their definition says", () => {
  const piece = fc.oneof(
    { weight: 5, arbitrary: fc.stringMatching(/^[0-9a-fA-F]{1,4}$/) },
    { weight: 1, arbitrary: fc.ipV4() },
    { weight: 1, arbitrary: fc.constantFrom("", "0", "12345", "g", "1.2.3", "::", ".") },
  );
  const nearlyRight = fc.array(piece, { maxLength: 9 }).chain((pieces) =>
    fc.tuple(
      fc.constant(pieces.join(":")),
      fc.constant(pieces.slice(0, 4).join(":")).map((text) => `::${text}`),
      fc.constant(`${pieces.slice(0, 3).join(":")}::${pieces.slice(3, 6).join(":")}`),
    )
  ).chain((texts) => fc.constantFrom(...texts));
  const text = fc.oneof(
    nearlyRight,
    fc.string({ unit: fc.constantFrom(..."01aF:::.") }).filter((text) => text.includes(":")),
  );
  fc.assert(
    fc.property(text, (text) => {
      if (!text.includes(":")) return;
      assert.deepEqual(IpAddress.parse(text)?.bytes ?? null, parseSlowly(text));
    }),
    { numRuns: 5000 },
  );
});

Deno.test("IpAddress.parse looks at nothing behind the end that it is given", () => {
  for (const text of ["1.2.3.4", "::", "1::", "::1", "1:2:3:4:5:6:7:8", "::1.2.3.4"]) {
    for (const rest of ["", "/", "5", ":", ".", ":1", "::"]) {
      // The family shows in the whole text.
      if (!text.includes(":") && rest.includes(":")) continue;
      const address = IpAddress.parse(text + rest, text.length);
      assert.deepEqual(address, IpAddress.parse(text), text + rest);
    }
  }
});

Deno.test("addresses don't share bytes", () => {
  const addresses = Array.from({ length: 300 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
    .flatMap((text) => [text, `::${text}`, `fd00:${text.replaceAll(".", ":")}::`]);
  const parsed = addresses.map((text) => IpAddress.parse(text));
  assert.deepEqual(parsed.map(String), addresses.map((text) => String(IpAddress.parse(text))));
  assert.deepEqual(parsed.slice(0, 2).map(String), ["10.0.0.0", "::10.0.0.0"]);
  assert.deepEqual(parsed.slice(-2).map(String), ["::10.0.1.43", "fd00:10:0:1:43::"]);
});

Deno.test("IpAddress.fromBytes takes 4 or 16 bytes", () => {
  assert.equal(IpAddress.fromBytes(Uint8Array.of(192, 0, 2, 1)).toString(), "192.0.2.1");
  for (const size of [0, 3, 5, 15, 17]) {
    assert.throws(() => IpAddress.fromBytes(new Uint8Array(size)), RangeError);
  }
});

Deno.test("IpAddress.equals compares family and bytes", () => {
  const parse = (text: string) => prefix(text).address;
  assert.ok(parse("::ffff:1.2.3.4").equals(parse("0:0:0:0:0:ffff:102:304")));
  assert.ok(!parse("::ffff:1.2.3.4").equals(parse("1.2.3.4")));
  assert.ok(!parse("1.2.3.4").equals(parse("1.2.3.5")));
});

Deno.test("IpPrefix reads CIDR notation", () => {
  assert.equal(prefix("10.0.0.0/8").toString(), "10.0.0.0/8");
  assert.equal(prefix("10.0.0.1").toString(), "10.0.0.1/32");
  assert.equal(prefix("fd00::1").toString(), "fd00::1/128");
  assert.equal(prefix("::/0").toString(), "::/0");
  assert.equal(prefix("10.0.0.0/008").length, 8);
  const wrong = ["10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/ 8"];
  for (const text of [...wrong, "10/8", "10.0.0.0/8/8", "/8", "10.0.0.0/1e1", "10.0.0.0/0x8"]) {
    assert.equal(IpPrefix.parse(text), null, text);
  }
  const address = prefix("10.0.0.0/8").address;
  for (const length of [-1, 33, 1.5, NaN]) {
    assert.throws(() => new IpPrefix(address, length), RangeError);
  }
});

/** The first `length` bits of an address as text: a slow and obvious reference. */
const bits = (bytes: Uint8Array, length: number) =>
  [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("").slice(0, length);

Deno.test("IpPrefix.masked clears the host bits and no other", () => {
  const prefixes = anyAddress.chain((bytes) =>
    fc.integer({ min: 0, max: bytes.length * 8 }).map((length) => ({ bytes, length }))
  );
  fc.assert(fc.property(prefixes, ({ bytes, length }) => {
    const before = bytes.slice();
    const original = new IpPrefix(IpAddress.fromBytes(bytes), length);
    const masked = original.masked();
    const all = bytes.length * 8;
    assert.equal(bits(masked.address.bytes, all), bits(bytes, length).padEnd(all, "0"));
    assert.equal(original.hasHostBits, !masked.equals(original));
    assert.deepEqual(bytes, before);
  }));
});

Deno.test("IpPrefix.contains compares the first bits of one family", () => {
  const pairs = fc.tuple(anyAddress, anyAddress, fc.nat(128), fc.nat(128), fc.nat(128)).map(
    ([a, random, length, otherLength, shared]) => {
      // An address that begins like `a`, else hardly any would be inside.
      const b = random.length === a.length
        ? random.map((byte, i) => i * 8 < shared ? a[i] ?? byte : byte)
        : random;
      return {
        a: new IpPrefix(IpAddress.fromBytes(a), Math.min(length, a.length * 8)),
        b: new IpPrefix(IpAddress.fromBytes(b), Math.min(otherLength, b.length * 8)),
      };
    },
  );
  fc.assert(
    fc.property(pairs, ({ a, b }) => {
      const same = a.family === b.family &&
        bits(a.address.bytes, a.length) === bits(b.address.bytes, a.length);
      assert.equal(a.contains(b.address), same);
      assert.equal(a.contains(b), same && b.length >= a.length);
    }),
    { numRuns: 500 },
  );
  assert.ok(prefix("0.0.0.0/0").contains(prefix("10.0.0.0/8")));
  assert.ok(!prefix("0.0.0.0/0").contains(prefix("::/0")));
  assert.ok(!prefix("10.0.0.0/8").contains(prefix("0.0.0.0/0")));
});
