/** What a control connection is tried on: a stream in memory, and a device. */
import assert from "node:assert/strict";
import type { EndpointNames } from "../../../cli/engine/named_endpoints.ts";
import type { ResolverSettings } from "../../../cli/engine/stub_resolver.ts";
import type { Now } from "../../../core/clock.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { Device } from "../../../core/device.ts";
import { memoryOf } from "../../../core/memory.ts";
import type { Peer } from "../../../core/peer.ts";
import { TransmitBuffer } from "../../../core/transmit_buffer.ts";
import { EventFeed } from "../../../cli/engine/event_feed.ts";
import {
  ControlConnection,
  type ControlStream,
  type ControlTarget,
  type Requests,
} from "../../../cli/engine/control_connection.ts";

export const EAGAIN = 11;
export const EADDRINUSE = 98;
export const PEER = "a".repeat(64);
export const OTHER_PEER = "b".repeat(64);

/** A client whose requests come, and whose answers go, only as much at a time as the test lets them. */
export class FakeStream implements ControlStream {
  readonly fd = 7;
  output = "";
  closed = false;
  /** Bytes taken per write; 0 as if the client's buffer were full. */
  writable = Infinity;
  ended = false;
  /** The errno of the next reads that find nothing. */
  errors: number[] = [];
  #input: number[] = [];
  readonly #perRead: number;

  constructor(perRead: number) {
    this.#perRead = perRead;
  }

  send(text: string): void {
    this.#input.push(...new TextEncoder().encode(text));
  }

  read(target: Uint8Array): number {
    const bytes = this.#input.splice(0, Math.min(this.#perRead, target.length));
    if (bytes.length === 0) return this.ended ? 0 : -(this.errors.shift() ?? EAGAIN);
    target.set(bytes);
    return bytes.length;
  }

  write(source: Uint8Array): number {
    const count = Math.min(this.writable, source.length);
    if (count === 0) return -EAGAIN;
    this.output += new TextDecoder().decode(source.subarray(0, count));
    return count;
  }

  close(): void {
    this.closed = true;
  }
}

export const NEVER = () => false;
export const AT_ONCE = () => true;

export interface TestTarget extends ControlTarget {
  refusals: string[];
  port: number;
  mark: number;
  /** What was said about endpoints by name. */
  named: unknown[];
}

export function makeTarget(): TestTarget {
  const memory = memoryOf(new ArrayBuffer(1 << 20));
  const now: Now = { boot: 1000, wall: 1_700_000_000_000 };
  const device = new Device({
    memory,
    crypto: createNobleCrypto(memory),
    random: (target) => crypto.getRandomValues(target as Uint8Array<ArrayBuffer>),
    keySlots: { offset: 0, length: 6 * 32 * 64 },
    batchList: { offset: 1 << 16, length: 1 << 15 },
    transmit: new TransmitBuffer(1 << 18, 1 << 18),
  });
  const target = {
    device,
    now,
    port: 0,
    mark: 0,
    refusals: [] as string[],
    named: [] as unknown[],
    names: new Map<Peer, string>(),
    setName(peer: Peer, name: string | null) {
      if (name === null) target.names.delete(peer);
      else target.names.set(peer, name);
    },
    setListenPort(port: number) {
      if (port === 99) throw new Error("in use");
      target.port = port;
    },
    setFwmark(mark: number) {
      target.mark = mark;
    },
    interfaceIndex: (name: string) => name === "eth0" ? 2 : 0,
    endpointNames: {
      set: (peer: Peer, names: EndpointNames | null) => {
        target.named.push([peer.publicKey[0], names]);
      },
      lookUpEvery: (seconds: number) => void target.named.push(["interval", seconds]),
      setResolver: (settings: Partial<ResolverSettings>) =>
        void target.named.push(["resolver", settings]),
      onEndpointSet: (peer: Peer) =>
        void target.named.push([peer.publicKey[0], peer.endpoint?.port]),
    },
    events: new EventFeed({
      now: () => 1_700_000_000_123,
      isUp: () => true,
      nameOf: () => null,
      zoneName: (index) => String(index),
    }),
    refused: (problem: string) => void target.refusals.push(problem),
    status: () => ({
      engine: {
        version: "1.2.3",
        pid: 1,
        startedAt: 2,
        up: device.isUp,
        mtu: device.mtu,
        interfaceNamespace: 3,
        socketNamespace: 4,
        threads: 1,
        receiveBuffer: 0,
        sendBuffer: 0,
        cryptos: [],
        offloads: [],
        drops: [],
      },
      publicKey: device.publicKey,
      listenPort: target.port,
      fwmark: target.mark,
      peers: device.peers,
      nameOf: (peer: Peer) => target.names.get(peer) ?? null,
      allowedIps: (peer: Peer) => device.allowedIps.entries(peer),
      endpointNameOf: () => null,
      refusesSegmentation: () => false,
      zoneName: (index: number) => index === 2 ? "eth0" : String(index),
    }),
    state: {
      get privateKey() {
        return device.privateKey;
      },
      get publicKey() {
        return device.publicKey;
      },
      get listenPort() {
        return target.port;
      },
      get fwmark() {
        return target.mark;
      },
      get peers() {
        return device.peers;
      },
      allowedIps: (peer: Peer) => device.allowedIps.entries(peer),
      zoneName: (index: number) => index === 2 ? "eth0" : String(index),
    },
  };
  return target;
}

/** Sends `request` and returns all of the answer. */
export function exchange(
  target: ControlTarget,
  request: string,
  perRead = 4096,
  requests?: Requests,
): string {
  const stream = new FakeStream(perRead);
  const connection = new ControlConnection(stream, target, requests);
  stream.send(request);
  assert.equal(connection.step(NEVER), "read");
  return stream.output;
}
