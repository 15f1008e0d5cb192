import assert from "node:assert/strict";
import { IpAddress } from "../../core/ip.ts";
import { formatZone, isZoned, neededScopeId, parseZone } from "../../core/zone.ts";

/** Addresses by what a zone means to them. */
const OF_LINK = ["fe80::1", "fe80:1::", "febf:ffff::1", "ff02::1", "ff12::1", "fff2::"];
const OF_INTERFACE = ["ff01::1", "ff11::1", "fff1::"];
const UNZONED = ["::1", "::", "2001:db8::1", "fec0::1", "fd00::1", "fe7f::1", "ff05::1", "ff0e::1"]
  .concat(["ff00::1", "ff03::1", "::ffff:192.0.2.1", "192.0.2.1", "254.128.0.1", "255.2.0.1"]);

function bytesOf(text: string): Uint8Array {
  return IpAddress.parse(text)?.bytes ?? assert.fail(text);
}

/** There are lo, eth0 and one whose name is a number. */
const indexOf = (name: string) => ({ lo: 1, eth0: 2, 7: 12 })[name] ?? 0;
const nameOf = (index: number) => ({ 1: "lo", 2: "eth0", 12: "7" })[index] ?? String(index);

Deno.test("addresses of one link or interface have zones, others don't", () => {
  for (const text of [...OF_LINK, ...OF_INTERFACE]) assert.ok(isZoned(bytesOf(text)), text);
  for (const text of UNZONED) assert.ok(!isZoned(bytesOf(text)), text);
});

Deno.test("a zone is a name only where it means a link or an interface", () => {
  for (const text of [...OF_LINK, ...OF_INTERFACE]) {
    assert.equal(parseZone(bytesOf(text), "eth0", indexOf), 2, text);
  }
  for (const text of UNZONED) assert.equal(parseZone(bytesOf(text), "eth0", indexOf), null, text);
});

Deno.test("a zone is a number everywhere, but an interface's name goes before it", () => {
  const [linkLocal, loopback] = [bytesOf("fe80::1"), bytesOf("::1")];
  for (
    const [zone, index] of [
      ["0", 0],
      ["1", 1],
      ["002", 2],
      ["99", 99],
      ["4294967295", 0xffff_ffff],
      ["4294967296", null],
      ["+1", null],
      ["-1", null],
      ["0x1", null],
      ["1 ", null],
      ["", null],
      ["nowhere", null],
    ] as const
  ) {
    assert.equal(parseZone(linkLocal, zone, indexOf), index, zone);
    assert.equal(parseZone(loopback, zone, indexOf), index, zone);
  }
  assert.equal(parseZone(linkLocal, "7", indexOf), 12);
  assert.equal(parseZone(loopback, "7", indexOf), 7);
});

Deno.test("Linux needs the zone only of addresses that have one", () => {
  for (const text of UNZONED) {
    for (const zone of ["", "1", "eth0", "nowhere"]) {
      assert.equal(neededScopeId(bytesOf(text), zone, indexOf), 0, text);
    }
  }
  for (const text of [...OF_LINK, ...OF_INTERFACE]) {
    const idOf = (zone: string) => neededScopeId(bytesOf(text), zone, indexOf);
    assert.deepEqual(["", "eth0", "5", "nowhere"].map(idOf), [0, 2, 5, null], text);
  }
});

Deno.test("a zone is written as a name only where it means a link", () => {
  const write = (text: string) =>
    [0, 2, 12, 99].map((id) => formatZone(bytesOf(text), id, nameOf)).join(" ");
  for (const text of OF_LINK) assert.equal(write(text), " eth0 7 99", text);
  for (const text of [...OF_INTERFACE, ...UNZONED]) assert.equal(write(text), " 2 12 99", text);
});
