/** Pieces of configs and of the control protocol: valid, nearly valid and neither. */
import type { SeededRandom } from "../core/seeded_random.ts";
import { pick } from "./mutate.ts";

/** Values by what they are. */
export const VALID = {
  key: [
    "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=",
    "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
    "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  ],
  prefix: [
    "10.0.0.0/8",
    "10.1.2.3/32",
    "192.0.2.1",
    "0.0.0.0/0",
    "::/0",
    "fd00::/8",
    "2001:db8::1/128",
    "2001:db8::1",
    "::ffff:192.0.2.1/120",
    "1:2:3:4:5:6:7:8/64",
  ],
  endpoint: [
    "192.0.2.1:51820",
    "[2001:db8::1]:51820",
    "[fe80::1%eth0]:1",
    "example.com:51820",
    "vpn.example.com:domain",
  ],
  number: ["0", "1", "25", "51820", "65535"],
} as const;

/** Values that most keys of a kind refuse. */
export const WRONG = {
  key: [
    "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk",
    "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml=",
    "yAnz5TF+lXXJte14tji3zlMNq-hd2rYUIgJBgB3fBmk=",
    "",
  ],
  prefix: [
    "10.0.0.0/33",
    "::/129",
    "010.0.0.0/8",
    "10.0.0/8",
    "10.0.0.0/",
    "1:2:3:4:5:6:7:8:9/64",
    "fd00::1::2/64",
    "10.0.0.1/255.0.0.0",
    "",
  ],
  endpoint: [
    "::1:51820",
    "192.0.2.1:65536",
    "192.0.2.1:0",
    "[2001:db8::1]",
    "[2001:db8::1:1",
    "192.0.2.1",
    ":1",
    "",
  ],
  number: [
    "65536",
    "4294967295",
    "4294967296",
    "99999999999999999999",
    "0x1234",
    "0xffffffff",
    "0X1",
    "0x",
    "off",
    "OFF",
    "auto",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "domain",
    "true",
    "false",
    "yes",
    "",
  ],
} as const;

/** One value of a kind; now and then a wrong one, or one of another kind. */
export function word(random: SeededRandom, kind: keyof typeof VALID): string {
  if (random.chance(92)) return pick(random, VALID[kind]);
  const kinds = Object.keys(VALID) as (keyof typeof VALID)[];
  return pick(random, WRONG[random.chance(70) ? kind : pick(random, kinds)]);
}

/** A list of values of a kind with commas. */
export function list(random: SeededRandom, kind: keyof typeof VALID): string {
  const count = random.chance(5) ? random.below(60) : 1 + random.below(3);
  const items = Array.from({ length: count }, () => word(random, kind));
  return items.join(random.chance(80) ? "," : ", ");
}

/** As {@linkcode list}, of allowed IPs, now and then with signs. */
export function signedList(random: SeededRandom): string {
  const text = list(random, "prefix");
  if (random.chance(80)) return text;
  return text.split(",").map((item) => pick(random, ["", "+", "-"]) + item).join(",");
}
