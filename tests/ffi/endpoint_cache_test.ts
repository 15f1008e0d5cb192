import assert from "node:assert/strict";
import { Endpoint } from "../../core/endpoint.ts";
import { memoryOf } from "../../core/memory.ts";
import { ReceivedControl, writePacketInfo, writeSegmentSize } from "../../ffi/control_message.ts";
import { EndpointCache } from "../../ffi/endpoint_cache.ts";
import { readSockaddr, writeSockaddr } from "../../ffi/sockaddr.ts";

const NAME = 64, CONTROL = 128;

const IPV4 = Uint8Array.of(192, 0, 2, 7);
const IPV6 = Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7);
const LINK_LOCAL = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);

function memoryWith(endpoint: Endpoint) {
  const memory = memoryOf(new ArrayBuffer(256));
  memory.bytes.fill(0xff);
  writeSockaddr(memory, NAME, endpoint);
  return memory;
}

Deno.test("a socket address survives being written and read", () => {
  for (
    const [endpoint, size] of [
      [new Endpoint(IPV4, 51820), 16],
      [new Endpoint(IPV6, 1), 28],
      [new Endpoint(LINK_LOCAL, 65535, 3), 28],
    ] as const
  ) {
    const memory = memoryWith(endpoint);
    assert.equal(writeSockaddr(memory, NAME, endpoint), size);
    assert.equal(readSockaddr(memory, NAME, null)?.equals(endpoint), true);
    assert.equal(memory.bytes[NAME + size], 0xff, "nothing behind it is touched");
  }
  // struct sockaddr_in of 192.0.2.7:51820
  assert.deepEqual(
    [...memoryWith(new Endpoint(IPV4, 51820)).bytes.subarray(NAME, NAME + 8)],
    [2, 0, 0xca, 0x6c, 192, 0, 2, 7],
  );
});

Deno.test("an address of another family is none", () => {
  const memory = memoryOf(new ArrayBuffer(256));
  assert.equal(readSockaddr(memory, NAME, null), null);
  assert.equal(new EndpointCache(memory).lookup(NAME, 0), null);
});

Deno.test("control messages are read as they were written", () => {
  const control = new ReceivedControl();
  for (const address of [IPV4, IPV6]) {
    const memory = memoryWith(new Endpoint(address, 9));
    const length = writePacketInfo(memory, CONTROL, { address, interfaceIndex: 5 });
    control.parse(memory.view, CONTROL, length);
    const found = new EndpointCache(memory).lookup(NAME, control.packetInfo);
    assert.deepEqual(found?.source, { address, interfaceIndex: 0 }, "routing picks the interface");
    assert.equal(control.segmentSize, 0);
  }
});

Deno.test("a link-local source keeps its interface", () => {
  const memory = memoryWith(new Endpoint(LINK_LOCAL, 9, 5));
  writePacketInfo(memory, CONTROL, { address: LINK_LOCAL, interfaceIndex: 5 });
  const found = new EndpointCache(memory).lookup(NAME, CONTROL + 16);
  assert.deepEqual(found?.source, { address: LINK_LOCAL, interfaceIndex: 5 });
});

Deno.test("control messages that are cut or foreign are passed over", () => {
  const memory = memoryOf(new ArrayBuffer(256));
  const control = new ReceivedControl();
  const first = writeSegmentSize(memory.view, CONTROL, 1452);
  const length = first +
    writePacketInfo(memory, CONTROL + first, { address: IPV4, interfaceIndex: 0 });
  control.parse(memory.view, CONTROL, length);
  assert.equal(control.packetInfo, CONTROL + first + 16);
  assert.equal(control.segmentSize, 0, "UDP_SEGMENT is for sending");
  memory.view.setInt32(CONTROL + 12, 104, true);
  for (let cut = 0; cut <= length; cut++) {
    control.parse(memory.view, CONTROL, cut);
    assert.equal(control.packetInfo, cut < length - 4 ? 0 : CONTROL + first + 16, `${cut} bytes`);
    assert.equal(control.segmentSize !== 0, cut >= 18, `${cut} bytes`);
  }
  for (const size of [0, 1, 15, 0xffffffff]) {
    memory.view.setUint32(CONTROL, size, true);
    control.parse(memory.view, CONTROL, length);
    assert.equal(control.packetInfo, 0);
  }
});

Deno.test("the same sender is the same object, and every difference counts", () => {
  const memory = memoryOf(new ArrayBuffer(256));
  const cache = new EndpointCache(memory);
  const lookup = (endpoint: Endpoint) => {
    writeSockaddr(memory, NAME, endpoint);
    if (endpoint.source === null) return cache.lookup(NAME, 0);
    writePacketInfo(memory, CONTROL, endpoint.source);
    return cache.lookup(NAME, CONTROL + 16);
  };
  const source = { address: IPV4.with(3, 1), interfaceIndex: 0 };
  const endpoints = [
    new Endpoint(IPV4, 1),
    new Endpoint(IPV4, 2),
    new Endpoint(IPV4.with(0, 10), 1),
    new Endpoint(IPV4, 1, 0, source),
    new Endpoint(IPV4, 1, 0, { address: IPV4.with(3, 2), interfaceIndex: 0 }),
    new Endpoint(IPV6, 1),
    new Endpoint(IPV6.with(15, 8), 1),
    new Endpoint(IPV6, 1, 2),
    new Endpoint(IPV6, 1, 0, { address: IPV6.with(14, 1), interfaceIndex: 0 }),
    new Endpoint(LINK_LOCAL, 1, 0, { address: LINK_LOCAL, interfaceIndex: 1 }),
    new Endpoint(LINK_LOCAL, 1, 0, { address: LINK_LOCAL, interfaceIndex: 2 }),
  ];
  for (const endpoint of endpoints) {
    const found = lookup(endpoint);
    assert.equal(found?.equals(endpoint), true);
    assert.equal(lookup(endpoint), found);
  }
  const objects = new Set(endpoints.map(lookup));
  assert.equal(objects.size, endpoints.length);
});

Deno.test("more senders than the cache holds are told apart", () => {
  const memory = memoryOf(new ArrayBuffer(256));
  const cache = new EndpointCache(memory);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5000; i++) {
      const endpoint = new Endpoint(Uint8Array.of(10, 0, i >> 8, i & 0xff), 1000 + i % 7);
      writeSockaddr(memory, NAME, endpoint);
      assert(cache.lookup(NAME, 0)?.equals(endpoint), `${i}`);
    }
  }
});
