import assert from "node:assert/strict";
import fc from "fast-check";
import { CANONICAL_NETWORK, CANONICAL_PREFIX } from "../../core/canonical_prefix.ts";
import { IpAddress, IpPrefix } from "../../core/ip.ts";

const CANONICAL = new RegExp(`^${CANONICAL_PREFIX}$`);
const NETWORK = new RegExp(`^${CANONICAL_NETWORK}$`);

/** What the fast way calls canonical, the slow way reads and prints without a change. */
function agrees(text: string): void {
  if (CANONICAL.test(text)) assert.equal(IpPrefix.parse(text)?.toString(), text);
  if (NETWORK.test(text)) {
    assert.equal(IpPrefix.parse(text)?.toString(), text);
    assert.equal(IpPrefix.parse(text)?.hasHostBits, false, text);
  }
}

const length = fc.oneof(
  fc.integer({ min: 0, max: 140 }).map(String),
  fc.constantFrom("00", "01", "032", "0128", "-0", "+1", " 1", "1 ", "", "3 2"),
);
const ipv4 = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constantFrom("00", "01", "010", "")),
  { minLength: 3, maxLength: 5 },
).map((octets) => octets.join("."));
/** Groups, often zero, with a colon too many here and there. */
const ipv6 = fc.array(
  fc.constantFrom("0", "0", "0", "1", "ffff", "10", "0a", "A", "00", "", "", "12345", "1.2.3.4"),
  { minLength: 1, maxLength: 10 },
).map((groups) => groups.join(":"));

Deno.test("canonical prefixes are those that are read and printed as they were", () => {
  const prefix = fc.tuple(fc.oneof(ipv4, ipv6), length).map(([text, bits]) => `${text}/${bits}`);
  fc.assert(fc.property(prefix, agrees), { numRuns: 20_000 });
  const zeros = fc.array(fc.constantFrom("0", "1"), { minLength: 1, maxLength: 9 });
  const gaps = fc.tuple(zeros, zeros).map(([a, b]) => `${a.join(":")}::${b.join(":")}/64`);
  fc.assert(fc.property(gaps, agrees), { numRuns: 20_000 });
});

Deno.test("addresses with every pattern of zero groups are canonical as they are printed, or are read", () => {
  let canonical = 0;
  for (let zeros = 0; zeros < 256; zeros++) {
    const groups = Array.from({ length: 8 }, (_, i) => zeros >> i & 1 ? "0" : "1");
    const address = IpAddress.parse(groups.join(":")) ?? assert.fail();
    agrees(`${groups.join(":")}/64`);
    agrees(`${groups.slice(0, 1 + zeros % 6).join(":")}::/64`);
    if (!CANONICAL.test(`${address}/64`)) continue;
    agrees(`${address}/64`);
    canonical++;
  }
  assert.ok(canonical > 100, `only ${canonical} of 256`);
});

Deno.test("what lists of allowed IPs are made of is canonical", () => {
  const usual = [
    "10.0.0.0/8",
    "192.168.1.1/32",
    "0.0.0.0/0",
    "::/0",
    "fd00::/64",
    "2001:db8::1/128",
  ]
    .concat("2001:db8:0:1::/64", "fd00:1:ff::2:3/128", "255.255.255.255/1");
  for (const text of usual) {
    assert.ok(CANONICAL.test(text), text);
    agrees(text);
  }
  const others = ["10.0.0.0", "10.0.0.0/33", "010.0.0.0/8", "10.0.0.0/08", "::1:2/128", "FD00::/64"]
    .concat("::ffff:1:2/128", "fd00:0::/64", "fd00::0/64", "1:2:3:4:5:6:7::/64", "fd00::/129");
  for (const text of others) assert.ok(!CANONICAL.test(text), text);
});

Deno.test("networks are canonical prefixes without host bits", () => {
  const networks = [
    "10.0.0.0/24",
    "10.1.2.3/32",
    "0.0.0.0/0",
    "::/0",
    "fd00:1::/32",
    "fd00:1:2::/48",
  ]
    .concat("2001:db8:0:1::/64", "2001:db8::1/128");
  for (const text of networks) {
    assert.ok(NETWORK.test(text), text);
    agrees(text);
  }
  const others = ["10.0.0.1/24", "10.0.0.2/31", "10.0.0.0/33", "10.0.0.0", "fd00:1:2::/32", "::1/0"]
    .concat("2001:db8:0:1::/63", "2001:db8::1/127", "+10.0.0.0/24", "10.0.0.0/24\n");
  for (const text of others) assert.ok(!NETWORK.test(text), text);
  for (let bits = 0; bits <= 128; bits++) {
    for (
      const address of ["10.0.0.0", "10.128.1.0", "1::", "1:2::", "1:2:3::", "1:2:3:4::", "::1"]
    ) {
      agrees(`${address}/${bits}`);
    }
  }
});
