/**
 * Linux as the reference: what it forwards from one TUN interface to another, it must cut as merging
 * means it, and hand out as splitting expects it.
 */
import "./bind_libc.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "../../ffi/arena.ts";
import {
  POLLIN,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_TSO_ECN,
  TUN_F_USO4,
  TUN_F_USO6,
} from "../../ffi/layout.ts";
import { PollSet } from "../../ffi/poll.ts";
import { TunDevice } from "../../ffi/tun.ts";
import {
  mergeableSuperPacket,
  type SuperPacket,
  superPacket,
} from "../core/offload/arbitraries.ts";
import { merge, split } from "../core/offload/harness.ts";
import { ACK, byte, CWR, ECE, setIpChecksum } from "../core/offload/packets.ts";
import { decodeGsoHeader, encodeGsoHeader, segment } from "../core/offload/reference.ts";
import { ip, networkTest } from "./iproute.ts";

const TCP = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
const UDP = TUN_F_USO4 | TUN_F_USO6;
const HEADER_SIZE = 10;
const ROOM = HEADER_SIZE + 65_535;

/** Two interfaces between which the kernel forwards packets. */
class Forwarder {
  readonly #from: TunDevice;
  readonly #to: TunDevice;
  readonly #arena = new Arena(1 << 18);
  readonly #buffer = this.#arena.reserve(ROOM);
  readonly #pointer = this.#arena.pointer(this.#buffer);
  readonly #poll = new PollSet(this.#arena, 1);
  /** Whether UDP super-packets are taken. */
  readonly hasUdp: boolean;

  /** @param whole whether the kernel hands out super-packets as they are */
  constructor(whole: boolean) {
    this.#from = TunDevice.open("wgof%d", { vnetHeader: true });
    this.#to = TunDevice.open("wgof%d", { vnetHeader: true });
    this.hasUdp = this.#from.setOffload(TCP | UDP);
    assert.ok(this.#to.setOffload(whole ? (this.hasUdp ? TCP | UDP : TCP) : 0));
    for (const { name } of [this.#from, this.#to]) ip("link", "set", name, "up", "mtu", "1600");
    ip("address", "add", "10.1.2.254/24", "dev", this.#from.name);
    ip("address", "add", "2001:db8:1:2::ffff/64", "dev", this.#from.name, "nodad");
    ip("route", "add", "10.3.4.0/24", "dev", this.#to.name);
    ip("route", "add", "2001:db8:3:4::/64", "dev", this.#to.name);
    for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) {
      Deno.writeTextFileSync(`/proc/sys/net/${name}`, "1");
    }
    this.#poll.set(0, this.#to.fd, POLLIN);
  }

  /** Writes one packet with its virtio_net_hdr. */
  write(whole: Uint8Array): void {
    this.#arena.memory.bytes.set(whole, this.#buffer);
    assert.equal(this.#from.write(this.#pointer, whole.length), whole.length);
  }

  /** The next packet forwarded, with its virtio_net_hdr. The kernel's own packets are passed over. */
  read(): Uint8Array {
    for (;;) {
      assert.equal(this.#poll.wait(120_000), 1, "the kernel forwards nothing");
      const length = this.#to.read(this.#pointer, ROOM);
      const whole = this.#arena.memory.bytes.slice(this.#buffer, this.#buffer + length);
      const version = byte(whole, HEADER_SIZE) >> 4;
      const source = byte(whole, HEADER_SIZE + (version === 4 ? 12 : 8));
      if (source === (version === 4 ? 10 : 0x20)) return whole;
    }
  }

  close(): void {
    this.#from.close();
    this.#to.close();
  }
}

/** What forwarding makes of a packet: one hop less. */
function forwarded(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const at = byte(copy, 0) >> 4 === 4 ? 8 : 7;
  copy[at] = byte(copy, at) - 1;
  setIpChecksum(copy);
  return copy;
}

/** A super-packet that can be forwarded. */
const forwardable = mergeableSuperPacket.map(({ fields, header }) =>
  superPacket(
    {
      ...fields,
      source: 1 + fields.source % 250,
      destination: 1 + fields.destination % 250,
      hopLimit: 9,
    },
    header.gsoSize,
  )
);

function withForwarder(
  whole: boolean,
  runs: number,
  body: (forwarder: Forwarder, made: SuperPacket) => void,
): void {
  const forwarder = new Forwarder(whole);
  try {
    fc.assert(
      fc.property(forwardable, (made) => {
        if (made.fields.protocol === "tcp" || forwarder.hasUdp) body(forwarder, made);
      }),
      { numRuns: runs },
    );
  } finally {
    forwarder.close();
  }
}

networkTest("what was merged, Linux cuts into the very same packets", () => {
  withForwarder(false, 100, (forwarder, { header, bytes }) => {
    const packets = segment(bytes, header);
    const [group] = merge(packets);
    assert.equal(group?.pieces, packets.length);
    forwarder.write(Uint8Array.from([...encodeGsoHeader(group.header), ...group.bytes]));
    for (const each of packets) {
      assert.deepEqual(forwarder.read().subarray(HEADER_SIZE), forwarded(each));
    }
  });
});

networkTest("super-packets that Linux hands out are cut as Linux cuts them", () => {
  withForwarder(true, 100, (forwarder, { header, bytes, fields }) => {
    // Linux merges nothing with CWR, but its own TCP sends it.
    const flags = fields.protocol === "tcp" ? fields.flags | ECE | CWR : ACK;
    const made = superPacket({ ...fields, flags }, header.gsoSize, fields.protocol === "tcp");
    assert.equal(made.bytes.length, bytes.length);
    forwarder.write(Uint8Array.from([...encodeGsoHeader(made.header), ...made.bytes]));
    const whole = forwarder.read();
    const { count, packets } = split(decodeGsoHeader(whole), whole.subarray(HEADER_SIZE));
    const expected = segment(made.bytes, made.header).map(forwarded);
    assert.equal(count, expected.length);
    assert.deepEqual(packets, expected);
  });
});
