import assert from "node:assert/strict";
import { decodeName } from "../../../core/dns_client/domain_name.ts";
import {
  decodeAnswer,
  type DnsQuestion,
  encodeQuery,
  TYPE_A,
  TYPE_AAAA,
} from "../../../core/dns_client/message.ts";
import { answerTo, CNAME, type TestRecord } from "../../core/dns_client/server.ts";
import type { SeededRandom } from "../../core/seeded_random.ts";
import { mutateBytes, pick } from "../mutate.ts";
import type { Input, Target } from "../target.ts";

const NAME = "vpn.example.com";
const NAMES = [NAME, "VPN.Example.com", "a.example.com", "b.example.net", "x", "y".repeat(63)];
const DATA = ["192.0.2.1", "2001:db8::1", ...NAMES];
const TYPES = [TYPE_A, TYPE_AAAA, CNAME, 41];
/** Usual flags, no such name, failure, truncated, a query, another opcode. */
const FLAGS = [0x8180, 0x8183, 0x8182, 0x8380, 0x0100, 0x9980];

function question(type: number): DnsQuestion {
  return { id: 0x1234, name: NAME, type: type === TYPE_A ? TYPE_A : TYPE_AAAA };
}

function record(random: SeededRandom): TestRecord {
  return {
    name: pick(random, NAMES),
    data: pick(random, DATA),
    ttl: random.below(0xffff),
    ...(random.chance(10) ? { type: pick(random, TYPES) } : {}),
  };
}

/** Answers of name servers. The first byte says what was asked for. */
export const dnsAnswer: Target = {
  name: "dns-answer",
  sources: ["core/dns_client/message.ts", "core/dns_client/domain_name.ts"],
  generate(random: SeededRandom): Uint8Array {
    const type = pick(random, [TYPE_A, TYPE_AAAA] as const);
    const query = encodeQuery(question(type));
    assert(query !== null);
    const records = Array.from({ length: random.below(6) }, () => record(random));
    const answer = answerTo(query, records, {
      ...(random.chance(10) ? { flags: pick(random, FLAGS) } : {}),
      ...(random.chance(2) ? { question: pick(random, NAMES) } : {}),
      ...(random.chance(2) ? { questionType: pick(random, TYPES) } : {}),
      ...(random.chance(2) ? { id: random.below(0xffff) } : {}),
    });
    const changed = random.chance(50) ? answer : mutateBytes(random, answer);
    return Uint8Array.of(type, ...changed);
  },
  run(input: Input): boolean {
    assert(input instanceof Uint8Array);
    const message = input.subarray(1);
    const asked = question(input[0] ?? 0);
    for (let at = 0; at < message.length; at += 7) {
      const name = decodeName(message, at);
      if (name === null) continue;
      assert(name.end > at && name.end <= message.length);
      assert(name.name.length <= 255 && name.name.endsWith("\0"));
    }
    const answer = decodeAnswer(message, asked);
    if (answer === null) return false;
    assert.deepEqual([...message.subarray(0, 2)], [asked.id >> 8, asked.id & 0xff]);
    if (answer.kind !== "addresses") return false;
    assert(answer.ttl >= 0 && answer.ttl < 2 ** 31);
    const family = asked.type === TYPE_A ? 4 : 6;
    for (const address of answer.addresses) assert.equal(address.family, family);
    return true;
  },
};
