/**
 * What the protocol costs per packet without any cryptography: headers, counters, replay window, routing,
 * timers and queues, all but the AEAD and the system calls. An iteration moves {@linkcode BATCH} packets
 * from one device's interface to another's, in one memory where the datagrams stay where they are.
 *
 * The baseline is copying the packets, without which no way through a process is thinkable.
 */
import type { Crypto, TransportAead } from "../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../../core/crypto/wasm.ts";
import { Device } from "../../core/device.ts";
import { Endpoint } from "../../core/endpoint.ts";
import { generatePrivateKey } from "../../core/keys.ts";
import { type Memory, memoryOf } from "../../core/memory.ts";
import { TransmitBuffer } from "../../core/transmit_buffer.ts";
import { SeededRandom } from "../core/seeded_random.ts";

const BATCH = 64;
/** Bytes before a packet for the message's header, and behind it for padding and tag. */
const HEADROOM = 16, TAILROOM = 31;
const DESCRIPTOR_SIZE = 16, DESCRIPTOR_RESULT = 12;

const KEY_SLOTS_SIZE = 64 << 10;
const BATCH_LIST_SIZE = 2 * 2 * BATCH * DESCRIPTOR_SIZE;
const TRANSMIT_SIZE = 256 << 10;
const HOST_SIZE = KEY_SLOTS_SIZE + BATCH_LIST_SIZE + TRANSMIT_SIZE;

const now = { boot: 1_000_000, wall: 1_700_000_000_000 };
const random = new SeededRandom(1);

class Host {
  readonly device: Device;
  readonly endpoint: Endpoint;
  readonly address: Uint8Array;
  readonly #transmit: TransmitBuffer;
  readonly #memory: Memory;

  constructor(number: number, memory: Memory, crypto: Crypto) {
    const keySlots = { offset: number * HOST_SIZE, length: KEY_SLOTS_SIZE };
    const batchList = { offset: keySlots.offset + KEY_SLOTS_SIZE, length: BATCH_LIST_SIZE };
    const transmit = new TransmitBuffer(batchList.offset + BATCH_LIST_SIZE, TRANSMIT_SIZE);
    this.#memory = memory;
    this.#transmit = transmit;
    this.address = Uint8Array.of(10, 0, 0, number);
    this.endpoint = new Endpoint(this.address, 51820);
    this.device = new Device({
      memory,
      crypto,
      random: random.fill,
      keySlots,
      batchList,
      transmit,
    });
    this.device.setPrivateKey(generatePrivateKey(random.fill), now);
    this.device.up(now);
  }

  addPeer(other: Host): void {
    const { publicKey } = other.device;
    const peer = publicKey && this.device.addPeer(publicKey);
    if (!peer) throw new Error("no peer");
    peer.setEndpoint(other.endpoint);
    this.device.allowedIps.insert(other.address, 32, peer);
  }

  /** The interface hands over `count` packets of `size` bytes for `to`. */
  send(to: Host, count: number, size: number): void {
    const { view, bytes } = this.#memory;
    for (let i = 0; i < count; i++) {
      const packet = this.#transmit.allocate(HEADROOM + size + TAILROOM) + HEADROOM;
      view.setUint32(packet, 0x4500_0000 | size);
      view.setUint32(packet + 8, 0x4001_0000);
      bytes.set(this.address, packet + 12);
      bytes.set(to.address, packet + 16);
      this.device.send(packet, size, now);
    }
    this.device.completeSend(now);
  }

  /** Does what a turn of the engine does besides moving packets. */
  turn(): void {
    if (this.device.nextDeadline() <= now.boot) this.device.advance(now);
    while (this.device.processNextHandshake(now));
    this.device.pump(now);
  }

  /** All that is to be sent arrives at `to`. */
  flush(to: Host): void {
    const { outgoing } = this.device;
    for (let at = 0; at < outgoing.count; at++) {
      to.device.receive(outgoing.offset(at), outgoing.length(at), this.endpoint, now);
    }
    to.device.completeReceive(now);
    outgoing.clear();
    this.#transmit.reset();
  }
}

/** Two hosts that have a session with each other. */
function connectedHosts(memory: Memory, crypto: Crypto): [Host, Host] {
  const hosts: [Host, Host] = [new Host(0, memory, crypto), new Host(1, memory, crypto)];
  const [a, b] = hosts;
  a.addPeer(b);
  b.addPeer(a);
  a.send(b, 1, 84);
  for (let turns = 0; b.device.delivered.count === 0; turns++) {
    if (turns === 10) throw new Error("the hosts don't connect");
    a.turn();
    a.flush(b);
    b.turn();
    b.flush(a);
  }
  b.device.delivered.clear();
  return hosts;
}

/** Takes everything for authentic, and computes nothing. */
function nullAead({ view }: Memory): TransportAead {
  return {
    seal() {},
    open: () => true,
    sealBatch() {},
    openBatch(list, count) {
      for (let at = 0; at < count; at++) {
        view.setUint32(list + at * DESCRIPTOR_SIZE + DESCRIPTOR_RESULT, 1, true);
      }
    },
  };
}

const CRYPTOS: Readonly<Record<string, (pages: WebAssembly.Memory, memory: Memory) => Crypto>> = {
  "without AEAD": (_, memory) => ({ ...createNobleCrypto(memory), transport: nullAead(memory) }),
  ...(wasmSupported() && { wasm: (pages) => createWasmCrypto(pages, 2 * HOST_SIZE) }),
};

for (const size of [64, 1420]) {
  const group = `${BATCH} packets of ${size} B`;
  const from = new Uint8Array(BATCH * 2048), to = new Uint8Array(BATCH * 2048);
  Deno.bench({
    name: `${group}: copying`,
    group,
    baseline: true,
    fn() {
      for (let at = 0; at < to.length; at += 2048) to.set(from.subarray(at, at + size), at);
    },
  });
  for (const [name, create] of Object.entries(CRYPTOS)) {
    const initial = Math.ceil((2 * HOST_SIZE + WASM_SCRATCH_SIZE) / 65_536);
    const pages = new WebAssembly.Memory({ initial });
    const memory = memoryOf(pages.buffer);
    const [a, b] = connectedHosts(memory, create(pages, memory));
    Deno.bench({
      name: `${group}: ${name}`,
      group,
      fn() {
        a.send(b, BATCH, size);
        a.flush(b);
        if (b.device.delivered.count !== BATCH) throw new Error("packets were lost");
        b.device.delivered.clear();
      },
    });
  }
}
