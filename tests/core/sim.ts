/**
 * Devices wired together in memory under virtual time, with an adversary between them who sees every
 * datagram and may drop, duplicate, delay, reorder, change and forge them. All randomness comes from
 * a seed, so that a run can be repeated.
 */

import type { Now } from "../../core/clock.ts";
import type { Crypto } from "../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { Device, type DeviceOptions } from "../../core/device.ts";
import type { DeviceEvent } from "../../core/device_event.ts";
import { Endpoint } from "../../core/endpoint.ts";
import { generatePrivateKey } from "../../core/keys.ts";
import { type Memory, memoryOf } from "../../core/memory.ts";
import type { Peer } from "../../core/peer.ts";
import { TransmitBuffer } from "../../core/transmit_buffer.ts";
import { SeededRandom } from "./seeded_random.ts";

const KEY_SLOTS = { offset: 0, length: 64 << 10 };
const BATCH_LIST = { offset: 64 << 10, length: 2 * 64 * 16 };
const RECEIVE = { offset: 128 << 10, length: 512 << 10 };
const TRANSMIT = { offset: 640 << 10, length: 256 << 10 };
const MEMORY_SIZE = 896 << 10;

/** Turns without any progress of time after which a run is taken to be stuck. */
const MAX_TURNS_AT_ONCE = 10_000;

/** A datagram under way. The adversary may change all of it. */
export interface Datagram {
  from: Endpoint;
  to: Endpoint;
  bytes: Uint8Array;
  /** Boot time (ms) of its arrival. */
  at: number;
}

/** What the adversary does with a datagram: changes it, forges others, or drops it by false. */
export type Adversary = (datagram: Datagram, network: Network) => boolean | void;

/** Where datagrams travel. */
export class Network {
  /** One-way delay in ms of what the adversary doesn't delay further. */
  latency = 10;
  adversary: Adversary | null = null;
  /** All datagrams ever sent, before the adversary had them, when `recording`. */
  readonly log: Datagram[] = [];
  recording = false;
  /** Datagrams that the adversary is done with, by arrival. */
  readonly #underWay: Datagram[] = [];

  constructor(readonly now: Now) {}

  /** A device sends. */
  send(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const datagram = { from, to, bytes, at: this.now.boot + this.latency };
    if (this.recording) this.log.push({ ...datagram, bytes: bytes.slice() });
    if (this.adversary?.(datagram, this) !== false) this.inject(datagram);
  }

  /** Puts a datagram on its way, past the adversary. */
  inject(datagram: Datagram): void {
    let at = this.#underWay.length;
    while (at > 0 && (this.#underWay[at - 1]?.at ?? 0) > datagram.at) at--;
    this.#underWay.splice(at, 0, datagram);
  }

  nextArrival(): number {
    return this.#underWay[0]?.at ?? Infinity;
  }

  /** Takes what has arrived. */
  arrived(): Datagram[] {
    let count = 0;
    while ((this.#underWay[count]?.at ?? Infinity) <= this.now.boot) count++;
    return this.#underWay.splice(0, count);
  }
}

/** One device with its surroundings: what the engine is in the real program. */
export class Host {
  readonly memory: Memory;
  readonly device: Device;
  readonly transmit: TransmitBuffer;
  /** Packets delivered to the interface, copied, and the peer each came from. */
  readonly received: { packet: Uint8Array; peer: Peer }[] = [];
  readonly events: DeviceEvent[] = [];
  /** Where it sends from; change it to roam. */
  address: Endpoint;

  constructor(readonly sim: Simulation, readonly number: number, options: HostOptions) {
    this.memory = memoryOf(options.memory ?? new ArrayBuffer(MEMORY_SIZE));
    this.transmit = new TransmitBuffer(TRANSMIT.offset, options.transmitSize ?? TRANSMIT.length);
    this.address = udpEndpoint([192, 0, 2, number], 51820);
    this.device = new Device({
      memory: this.memory,
      crypto: (options.crypto ?? createNobleCrypto)(this.memory),
      random: sim.random.fill,
      keySlots: KEY_SLOTS,
      batchList: BATCH_LIST,
      transmit: this.transmit,
      ...options.device,
    });
    this.device.onEvent = (event) => this.events.push(event);
    this.device.setPrivateKey(generatePrivateKey(sim.random.fill), sim.now);
    this.device.up(sim.now);
  }

  /** The host's inner IPv4 address. */
  get inner4(): Uint8Array {
    return Uint8Array.of(10, 0, 0, this.number);
  }

  /** The host's inner IPv6 address. */
  get inner6(): Uint8Array {
    const address = new Uint8Array(16);
    address.set([0xfd, 0]);
    address[15] = this.number;
    return address;
  }

  /** The peer that `other` is for this host. */
  peer(other: Host): Peer {
    const peer = this.device.getPeer(publicKeyOf(other));
    if (peer === undefined) throw new Error(`Host ${this.number} has no peer ${other.number}`);
    return peer;
  }

  /** The interface hands over `packet`. */
  send(packet: Uint8Array): void {
    const offset = this.transmit.allocate(16 + packet.length + 31);
    this.memory.bytes.fill(0xee, offset, offset + 16 + packet.length + 31);
    this.memory.bytes.set(packet, offset + 16);
    this.device.send(offset + 16, packet.length, this.sim.now);
    this.device.completeSend(this.sim.now);
    this.turn();
  }

  /** Hands over several packets before any is sealed. */
  sendBatch(packets: Uint8Array[]): void {
    for (const packet of packets) {
      const offset = this.transmit.allocate(16 + packet.length + 31);
      this.memory.bytes.set(packet, offset + 16);
      this.device.send(offset + 16, packet.length, this.sim.now);
    }
    this.device.completeSend(this.sim.now);
    this.turn();
  }

  /** Datagrams arrive together. */
  receive(datagrams: { bytes: Uint8Array; from: Endpoint }[]): void {
    const { device, memory, sim } = this;
    let offset = RECEIVE.offset;
    for (const { bytes, from } of datagrams) {
      if (offset + bytes.length > RECEIVE.offset + RECEIVE.length) {
        this.#completeReceive();
        offset = RECEIVE.offset;
      }
      memory.bytes.set(bytes, offset);
      device.receive(offset, bytes.length, from, sim.now);
      offset += bytes.length + 15 & ~15;
    }
    this.#completeReceive();
    this.turn();
  }

  /** All that the engine does besides handing over packets and datagrams. */
  turn(): void {
    const { device, sim } = this;
    for (let turns = 0;; turns++) {
      if (turns === MAX_TURNS_AT_ONCE) throw new Error("The device never comes to rest");
      const processed = device.processNextHandshake(sim.now);
      const due = device.nextDeadline() <= sim.now.boot;
      if (due) device.advance(sim.now);
      const more = device.pump(sim.now);
      this.flush();
      if (!processed && !due && !more) return;
    }
  }

  /** Sends what is outgoing. */
  flush(): void {
    const { outgoing } = this.device;
    for (let at = 0; at < outgoing.count; at++) {
      const start = outgoing.offset(at);
      const to = outgoing.endpoint(at);
      if (to === null) throw new Error("A datagram without an endpoint");
      const bytes = this.memory.bytes.slice(start, start + outgoing.length(at));
      this.sim.network.send(this.address, to, bytes);
    }
    outgoing.clear();
    this.transmit.reset();
  }

  #completeReceive(): void {
    const { delivered } = this.device;
    this.device.completeReceive(this.sim.now);
    for (let at = 0; at < delivered.count; at++) {
      const start = delivered.offset(at);
      const peer = delivered.peer(at);
      if (peer === null) throw new Error("A packet without a peer");
      this.received.push({
        packet: this.memory.bytes.slice(start, start + delivered.length(at)),
        peer,
      });
    }
    delivered.clear();
  }
}

/** How a host differs from the usual one. */
export interface HostOptions {
  crypto?: (memory: Memory) => Crypto;
  memory?: ArrayBufferLike;
  device?: Partial<DeviceOptions>;
  /** Bytes of its transmit buffer. */
  transmitSize?: number;
}

/** Hosts, the network between them, and the time. */
export class Simulation {
  readonly now: Now = { boot: 1_000_000, wall: 1_700_000_000_000 };
  readonly network: Network = new Network(this.now);
  readonly random: SeededRandom;
  readonly hosts: Host[] = [];

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
  }

  addHost(options: HostOptions = {}): Host {
    const host = new Host(this, this.hosts.length + 1, options);
    this.hosts.push(host);
    return host;
  }

  /** Makes `a` and `b` peers of each other; only `a` knows where `b` is. */
  connect(a: Host, b: Host, presharedKey: Uint8Array | null = null): void {
    for (const [host, other] of [[a, b], [b, a]] as const) {
      const peer = host.device.addPeer(publicKeyOf(other));
      if (peer === null) throw new Error("The peer can't be added");
      peer.setPresharedKey(presharedKey);
      host.device.allowedIps.insert(other.inner4, 32, peer);
      host.device.allowedIps.insert(other.inner6, 128, peer);
    }
    a.peer(b).setEndpoint(b.address);
  }

  /** Lets `ms` milliseconds pass. */
  run(ms: number): void {
    const end = this.now.boot + ms;
    let turnsAtOnce = 0;
    for (;;) {
      const next = Math.min(this.#nextEvent(), end);
      if (next > this.now.boot) {
        this.now.wall += next - this.now.boot;
        this.now.boot = next;
        turnsAtOnce = 0;
      } else if (++turnsAtOnce === MAX_TURNS_AT_ONCE) {
        throw new Error("The simulation never comes to rest");
      }
      const arrived = this.network.arrived();
      for (const host of this.hosts) {
        const mine = arrived.filter((datagram) => datagram.to.sameRemote(host.address));
        if (mine.length > 0) host.receive(mine);
        if (host.device.nextDeadline() <= this.now.boot) host.turn();
      }
      if (this.now.boot >= end && this.#nextEvent() > end) return;
    }
  }

  #nextEvent(): number {
    return this.hosts.reduce(
      (next, host) => Math.min(next, host.device.nextDeadline()),
      this.network.nextArrival(),
    );
  }
}

/** Two hosts that are peers; `a` knows where `b` is. */
export function pair(
  seed = 1,
  presharedKey: Uint8Array | null = null,
): { sim: Simulation; a: Host; b: Host } {
  const sim = new Simulation(seed);
  const a = sim.addHost(), b = sim.addHost();
  sim.connect(a, b, presharedKey);
  return { sim, a, b };
}

/** Like {@linkcode pair}, with a session between them and logs and events of that forgotten. */
export function connectedPair(seed = 1): { sim: Simulation; a: Host; b: Host } {
  const { sim, a, b } = pair(seed);
  a.send(ipv4Packet(a, b, 0));
  sim.run(100);
  if (b.received.length !== 1) throw new Error("The hosts could not be connected");
  for (const host of sim.hosts) host.received.length = host.events.length = 0;
  return { sim, a, b };
}

export function publicKeyOf(host: Host): Uint8Array {
  const key = host.device.publicKey;
  if (key === null) throw new Error("The host has no key");
  return key;
}

export function udpEndpoint(address: number[], port: number): Endpoint {
  return new Endpoint(Uint8Array.from(address), port);
}

/** An IPv4 packet from `from` to `to` with `size` bytes, whose payload begins with `id` (u32). */
export function ipv4Packet(from: Host, to: Host, id: number, size = 84): Uint8Array {
  const packet = new Uint8Array(size);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45;
  view.setUint16(2, size);
  packet.set(from.inner4, 12);
  packet.set(to.inner4, 16);
  fillPayload(packet, 20, id);
  return packet;
}

/** An IPv6 packet from `from` to `to` with `size` bytes, whose payload begins with `id` (u32). */
export function ipv6Packet(from: Host, to: Host, id: number, size = 104): Uint8Array {
  const packet = new Uint8Array(size);
  const view = new DataView(packet.buffer);
  packet[0] = 0x60;
  view.setUint16(4, size - 40);
  packet.set(from.inner6, 8);
  packet.set(to.inner6, 24);
  fillPayload(packet, 40, id);
  return packet;
}

/** The `id` of a packet made here. */
export function packetId(packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset);
  return view.getUint32(packet[0] === 0x45 ? 20 : 40);
}

/** When (boot ms) `host` sent messages of `type`, as far as the network recorded them. */
export function timesSent(host: Host, type: number): number[] {
  const { log, latency } = host.sim.network;
  return log.filter(({ from, bytes }) => from.sameRemote(host.address) && typeOf(bytes) === type)
    .map(({ at }) => at - latency);
}

/** How many events of `type` there were at `host`. */
export function countEvents(host: Host, type: DeviceEvent["type"]): number {
  return host.events.filter((event) => event.type === type).length;
}

/** Whether all of the host's key slots are zero. */
export function keysErased(host: Host): boolean {
  const { offset, length } = KEY_SLOTS;
  return host.memory.bytes.subarray(offset, offset + length).every((byte) => byte === 0);
}

/** Type of a WireGuard message, by its first byte. */
export function typeOf(message: Uint8Array): number {
  return message[0] ?? 0;
}

function fillPayload(packet: Uint8Array, start: number, id: number): void {
  if (packet.length < start + 4) return;
  for (let i = start; i < packet.length; i++) packet[i] = i * 31 + id;
  new DataView(packet.buffer).setUint32(start, id);
}
