import assert from "node:assert/strict";
import { ipPacketLength, ipVersion } from "../../core/packet.ts";

function viewOf(size: number, bytes: Record<number, number>): DataView {
  const view = new DataView(new ArrayBuffer(4 + size));
  for (const [at, byte] of Object.entries(bytes)) view.setUint8(4 + Number(at), byte);
  return view;
}

Deno.test("packet: the version needs its whole header", () => {
  assert.equal(ipVersion(viewOf(20, { 0: 0x45 }), 4, 20), 4);
  assert.equal(ipVersion(viewOf(20, { 0: 0x45 }), 4, 19), 0);
  assert.equal(ipVersion(viewOf(40, { 0: 0x60 }), 4, 40), 6);
  assert.equal(ipVersion(viewOf(40, { 0: 0x60 }), 4, 39), 0);
  assert.equal(ipVersion(viewOf(40, { 0: 0x60 }), 4, 20), 0);
  assert.equal(ipVersion(viewOf(40, { 0: 0x45 }), 4, 0), 0);
  for (const version of [0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15]) {
    assert.equal(ipVersion(viewOf(40, { 0: version << 4 }), 4, 40), 0);
  }
});

Deno.test("packet: the IPv4 length covers the header and fits", () => {
  const length = (claimed: number, there: number) =>
    ipPacketLength(viewOf(there, { 0: 0x45, 2: claimed >> 8, 3: claimed }), 4, there, 4);
  assert.equal(length(20, 32), 20);
  assert.equal(length(32, 32), 32);
  assert.equal(length(33, 32), -1);
  assert.equal(length(19, 32), -1);
  assert.equal(length(0, 32), -1);
  assert.equal(length(0xffff, 32), -1);
  assert.equal(length(300, 1024), 300);
});

Deno.test("packet: the IPv6 length is the payload's and fits", () => {
  const length = (claimed: number, there: number) =>
    ipPacketLength(viewOf(there, { 0: 0x60, 4: claimed >> 8, 5: claimed }), 4, there, 6);
  assert.equal(length(0, 48), 40);
  assert.equal(length(8, 48), 48);
  assert.equal(length(9, 48), -1);
  assert.equal(length(0xffff, 48), -1);
  assert.equal(length(400, 1024), 440);
});
