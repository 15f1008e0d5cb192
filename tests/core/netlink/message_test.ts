import assert from "node:assert/strict";
import fc from "fast-check";
import { NetlinkFormatError } from "../../../core/netlink/attributes.ts";
import {
  decodeAcknowledgement,
  decodeMessages,
  encodeMessage,
  messageSize,
  type NetlinkRequest,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../../../core/netlink/message.ts";
import { fromHex } from "../crypto/bytes.ts";

Deno.test("messages survive encoding and decoding, in one datagram", () => {
  const request = fc.record<NetlinkRequest>({
    type: fc.nat(0xffff),
    flags: fc.nat(0xffff).map((flags) => flags & ~NLM_F_ACK),
    payload: fc.uint8Array({ maxLength: 50 }),
  });
  fc.assert(fc.property(fc.array(request), fc.nat(0xffff_ffff), (requests, sequence) => {
    const size = requests.reduce((sum, each) => sum + messageSize(each), 0);
    const bytes = new Uint8Array(size).fill(0xee);
    let end = 0;
    for (const each of requests) end = encodeMessage(bytes, end, each, sequence, true);
    assert.equal(end, size);
    let padding = size;
    for (const each of requests.toReversed()) {
      const used = 16 + each.payload.length;
      assert(
        bytes.subarray(padding - messageSize(each) + used, padding).every((byte) => byte === 0),
      );
      padding -= messageSize(each);
    }
    assert.deepEqual(
      decodeMessages(bytes),
      requests.map(({ type, flags, payload }) => ({
        type,
        flags: flags | NLM_F_REQUEST | NLM_F_ACK,
        sequence,
        portId: 0,
        payload,
      })),
    );
  }));
});

Deno.test("message lengths that lead nowhere are refused", () => {
  for (const length of [0, 1, 15, 17, 0x7fff_ffff, 0xffff_ffff]) {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, length, true);
    assert.throws(() => decodeMessages(bytes), NetlinkFormatError, String(length));
  }
  assert.throws(() => decodeMessages(new Uint8Array(15)), NetlinkFormatError);
  assert.deepEqual(decodeMessages(new Uint8Array(0)), []);
});

// What Linux 6.18 answered to `ip -4 address add 10.1.2.3/24 dev va` when the address was there: the
// whole request, then the kernel's text (NETLINK_EXT_ACK).
const ALREADY_ASSIGNED = fromHex(`
  60000000 02000002 2a29036b 63540000
  efffffff 28000000 14000506 2a29036b 00000000
  02180000 03000000 08000200 0a010203 08000100 0a010203
  23000100 69707634 3a204164 64726573 7320616c 72656164 79206173 7369676e 65640000
`);

Deno.test("an acknowledgement tells the error and the kernel's words", () => {
  const [message] = decodeMessages(ALREADY_ASSIGNED);
  assert(message !== undefined);
  assert.equal(message.type, NLMSG_ERROR);
  assert.deepEqual(decodeAcknowledgement(message), {
    errno: 17,
    message: "ipv4: Address already assigned",
    offset: -1,
  });
});

Deno.test("a capped acknowledgement and the end of a dump are understood as well", () => {
  const message = (flags: number, payload: Uint8Array, type = NLMSG_ERROR) => ({
    type,
    flags,
    sequence: 1,
    portId: 1,
    payload,
  });
  const attributes = "08000200 24000000 06000100 78000000";
  const header = "1c000000 14000500 01000000 00000000";
  const failed = decodeAcknowledgement(message(0x300, fromHex(`eaffffff ${header} ${attributes}`)));
  assert.deepEqual(failed, { errno: 22, message: "x", offset: 0x24 });

  const succeeded = decodeAcknowledgement(message(0x100, fromHex(`00000000 ${header}`)));
  assert.deepEqual(succeeded, { errno: 0, message: "", offset: -1 });

  const done = decodeAcknowledgement(message(0x202, fromHex(`edffffff ${attributes}`), NLMSG_DONE));
  assert.deepEqual(done, { errno: 19, message: "x", offset: 0x24 });
  const plainDone = decodeAcknowledgement(message(2, new Uint8Array(0), NLMSG_DONE));
  assert.equal(plainDone.errno, 0);

  for (const length of ["11000000", "feffff7f", "ffffffff"]) {
    const lying = fromHex(`eaffffff ${length} 1400 0500 01000000 00000000`);
    assert.throws(() => decodeAcknowledgement(message(0x200, lying)), NetlinkFormatError);
  }
  assert.throws(() => decodeAcknowledgement(message(0, fromHex("0000"))), NetlinkFormatError);
});

Deno.test("any acknowledgement either decodes or is refused", () => {
  const message = fc.record({
    type: fc.constantFrom(NLMSG_ERROR, NLMSG_DONE),
    flags: fc.nat(0xffff),
    sequence: fc.nat(),
    portId: fc.nat(),
    payload: fc.uint8Array({ maxLength: 60 }),
  });
  fc.assert(fc.property(message, (each) => {
    try {
      assert(decodeAcknowledgement(each).errno >= 0);
    } catch (error) {
      assert(error instanceof NetlinkFormatError);
    }
  }));
});
