import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalName, decodeName, encodeName } from "../../../core/dns_client/domain_name.ts";
import {
  decodeAnswer,
  type DnsQuestion,
  encodeQuery,
  TYPE_A,
  TYPE_AAAA,
} from "../../../core/dns_client/message.ts";
import { frameMessage, MessageReader } from "../../../core/dns_client/stream.ts";
import { answerTo, CNAME, type TestRecord } from "./server.ts";

const QUESTION: DnsQuestion = { id: 0xbeef, name: "vpn.example.com", type: TYPE_A };
const QUERY = encodeQuery(QUESTION) ?? assert.fail();

function read(records: readonly TestRecord[], options = {}, question = QUESTION) {
  const query = encodeQuery(question) ?? assert.fail();
  const answer = decodeAnswer(answerTo(query, records, options), question);
  return answer?.kind === "addresses"
    ? { addresses: answer.addresses.map(String), ttl: answer.ttl }
    : answer;
}

Deno.test("a query is what RFC 1035 says", () => {
  const text = [...QUERY].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.equal(
    text,
    "beef" + "0100" + "0001" + "0000" + "0000" + "0000" +
      "0376706e" + "076578616d706c65" + "03636f6d" + "00" + "0001" + "0001",
  );
});

Deno.test("what can't be a domain name makes no query", () => {
  const long = "x".repeat(64), whole = Array.from({ length: 64 }, () => "abc").join(".");
  for (const name of ["", ".", "a..b", ".a", long, whole]) {
    assert.equal(encodeQuery({ ...QUESTION, name }), null, name);
  }
  assert.equal(encodeName(whole.slice(4) + "aaa"), null);
  assert.equal(encodeName(whole.slice(4))?.length, 1 + 63 * 4);
  assert.deepEqual(encodeName("vpn.example.com."), encodeName("vpn.example.com"));
});

Deno.test("addresses are read, with the shortest time to live", () => {
  const records = [
    { name: "vpn.example.com", data: "192.0.2.1", ttl: 60 },
    { name: "VPN.example.COM", data: "192.0.2.2", ttl: 30 },
  ];
  assert.deepEqual(read(records), { addresses: ["192.0.2.1", "192.0.2.2"], ttl: 30 });
  const six = { ...QUESTION, type: TYPE_AAAA } as const;
  const record = { name: "vpn.example.com", data: "2001:db8::1", ttl: 0x8000_0000 };
  assert.deepEqual(read([record], {}, six), { addresses: ["2001:db8::1"], ttl: 0 });
});

Deno.test("aliases are followed in any order, but not in circles; other records are skipped", () => {
  const records = [
    { name: "b.example.net", data: "192.0.2.1" },
    { name: "a.example.com", data: "b.example.net", ttl: 5 },
    { name: "vpn.example.com", data: "a.example.com" },
    { name: "other.example", data: "192.0.2.9" },
    { name: "b.example.net", data: "2001:db8::1" },
    { name: "vpn.example.com", data: "192.0.2.3", type: 99 },
  ];
  assert.deepEqual(read(records), { addresses: ["192.0.2.1"], ttl: 5 });
  const circle = [
    { name: "vpn.example.com", data: "a.example.com" },
    { name: "a.example.com", data: "vpn.example.com" },
  ];
  assert.deepEqual(read(circle), { addresses: [], ttl: 0 });
  assert.deepEqual(read([]), { addresses: [], ttl: 0 });
});

Deno.test("only the answer to the question counts", () => {
  const records = [{ name: "vpn.example.com", data: "192.0.2.1" }];
  assert.notEqual(read(records), null);
  assert.notEqual(read(records, { question: "VPN.Example.com" }), null);
  for (
    const options of [
      { id: 0xbeee },
      { flags: 0x0180 }, // a query
      { flags: 0x8980 }, // another opcode
      { question: "vpn.example.org" },
      { questionType: TYPE_AAAA },
      { questions: 0 },
      { questions: 2 },
    ]
  ) assert.equal(read(records, options), null, JSON.stringify(options));
  const answer = answerTo(QUERY, []);
  for (let size = 0; size < answer.length; size++) {
    assert.equal(decodeAnswer(answer.subarray(0, size), QUESTION), null);
  }
  const otherClass = answer.slice();
  otherClass[answer.length - 1] = 3;
  assert.equal(decodeAnswer(otherClass, QUESTION), null);
});

Deno.test("what a server says beside addresses is told apart", () => {
  assert.deepEqual(read([], { flags: 0x8183 }), { kind: "no-such-name" });
  assert.deepEqual(read([], { flags: 0x8182 }), { kind: "failed", code: 2 });
  assert.deepEqual(read([], { flags: 0x8380 }), { kind: "truncated" });
});

Deno.test("a malformed answer is a failure", () => {
  const whole = answerTo(QUERY, [
    { name: "vpn.example.com", data: "a.example.com" },
    { name: "a.example.com", data: "192.0.2.1" },
  ]);
  const head = answerTo(QUERY, []).length;
  for (let size = head; size < whole.length; size++) {
    const answer = decodeAnswer(whole.subarray(0, size), QUESTION);
    assert.deepEqual(answer, { kind: "failed", code: -1 }, `${size} of ${whole.length} bytes`);
  }
  assert.deepEqual(read([{ name: "vpn.example.com", data: "2001:db8::1", type: TYPE_A }]), {
    kind: "failed",
    code: -1,
  });
  assert.deepEqual(read([{ name: "vpn.example.com", data: "192.0.2.1", type: CNAME }]), {
    kind: "failed",
    code: -1,
  });
});

Deno.test("pointers lead backwards only", () => {
  const message = Uint8Array.of(
    1,
    0x61,
    0,
    1,
    0x62,
    0xc0,
    0,
    0xc0,
    7,
    0xc0,
    12,
    0xc0,
    3,
    0x40,
    0xc0,
  );
  assert.deepEqual(decodeName(message, 0), { name: "\u0001a\0", end: 3 });
  assert.deepEqual(decodeName(message, 3), { name: "\u0001b\u0001a\0", end: 7 });
  assert.deepEqual(decodeName(message, 11), { name: "\u0001b\u0001a\0", end: 13 });
  assert.equal(decodeName(message, 7), null, "to itself");
  assert.equal(decodeName(message, 9), null, "forwards");
  assert.equal(decodeName(Uint8Array.of(0xc0, 2, 1, 0x61, 0), 0), null, "forwards, to a name");
  assert.equal(decodeName(message, 13), null, "a label of an unknown type");
  assert.equal(decodeName(message, 14), null, "half a pointer");
  assert.equal(decodeName(message, 15), null, "nothing");
  // A name may have 255 bytes, however many pointers it is made of.
  const label = [63, ...new Array(63).fill(0x78)];
  const long = Uint8Array.from([...label, ...label, ...label, ...label, 0]);
  assert.equal(decodeName(long, 0), null);
  assert.equal(decodeName(long, 64)?.end, long.length);
});

Deno.test("a name isn't made of more pointers than it may have labels", () => {
  // One byte of name at 0, then pointers, each to the one before it.
  const chain = (pointers: number) =>
    Uint8Array.from([
      0,
      ...Array.from({ length: pointers }, (_, i) => Math.max(0, 2 * i - 1))
        .flatMap((target) => [0xc0 | target >> 8, target & 0xff]),
    ]);
  const last = (pointers: number) => 2 * pointers - 1;
  assert.deepEqual(decodeName(chain(127), last(127)), { name: "\0", end: last(127) + 2 });
  assert.equal(decodeName(chain(128), last(128)), null);
});

Deno.test("no more than 64 records of an answer are read", () => {
  const records = Array.from({ length: 4000 }, (_, i) => {
    return { name: "vpn.example.com", data: `192.0.${i >> 8}.${i & 0xff}` };
  });
  const answer = read(records);
  assert.ok(answer !== null && "addresses" in answer);
  assert.deepEqual(answer.addresses, records.slice(0, 64).map(({ data }) => data));
});

Deno.test("names are written and read in the same way", () => {
  const label = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" })
    .filter((text) => !text.includes("."));
  fc.assert(fc.property(fc.array(label, { minLength: 1, maxLength: 10 }), (labels) => {
    const name = labels.join(".");
    const bytes = encodeName(name);
    if (bytes === null) return;
    assert.deepEqual(decodeName(bytes, 0), { name: canonicalName(bytes), end: bytes.length });
    assert.equal(canonicalName(bytes), canonicalName(encodeName(name.toUpperCase()) ?? bytes));
  }));
});

Deno.test("a stream is cut into messages, wherever its parts end", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
      (messages, sizes) => {
        const stream = Uint8Array.from(messages.flatMap((message) => [...frameMessage(message)]));
        const reader = new MessageReader();
        const found: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          reader.push(stream.subarray(at, at + size));
          at += size;
          for (let next; (next = reader.next()) !== null;) found.push(next);
        }
        assert.deepEqual(found, messages);
      },
    ),
  );
});

Deno.test("a stream can't fill the memory", () => {
  const reader = new MessageReader();
  for (let i = 0; i < 3; i++) reader.push(new Uint8Array(40_000).fill(0xff));
  assert.equal(reader.next()?.length, 0xffff);
  assert.equal(reader.next(), null);
});
