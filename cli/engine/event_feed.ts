import type { DeviceEvent } from "../../core/device_event.ts";
import type { Endpoint } from "../../core/endpoint.ts";
import type { TunnelEvent } from "../../core/events/event.ts";
import { IpAddress } from "../../core/ip.ts";
import type { Peer } from "../../core/peer.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { formatUapiEvent } from "../../core/uapi/events.ts";
import { formatZone } from "../../core/zone.ts";
import type { Requests } from "./control_connection.ts";

/** Events that wait for one reader; more are dropped and counted. */
export const MAX_WAITING_EVENTS = 256;
/** Readers at the same time, of each kind: who may only ask is not to lock out who may do all. */
export const MAX_EVENT_READERS = 8;

/** What a reader of events has yet to be told. Its length is bounded, however slowly it reads. */
export class EventQueue {
  readonly #waiting: Uint8Array[] = [];
  readonly #now: () => number;
  #lost = 0;
  #first = 0;

  /** @param now gives milliseconds since 1970 UTC */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether there is no room for another event. */
  get isFull(): boolean {
    return this.#waiting.length - this.#first >= MAX_WAITING_EVENTS;
  }

  /** Whether {@linkcode next} gives something. */
  get hasNext(): boolean {
    return this.#first < this.#waiting.length || this.#lost > 0;
  }

  /**
   * Adds the block of an event, which is dropped when there is no room; null when it is one of no
   * interest.
   */
  push(block: Uint8Array | null): void {
    if (this.isFull || block === null || this.#lost > 0 && !this.#tellLost()) this.#lost++;
    else this.#waiting.push(block);
  }

  /** The next block, or null when nothing waits. */
  next(): Uint8Array | null {
    const block = this.#waiting[this.#first];
    if (block !== undefined) {
      if (++this.#first === this.#waiting.length) this.#waiting.length = this.#first = 0;
      else if (this.#first >= MAX_WAITING_EVENTS) {
        this.#waiting.splice(0, this.#first), this.#first = 0;
      }
      return block;
    }
    return this.#lost > 0 ? this.#takeLost() : null;
  }

  /** Makes an event of the number of lost ones; false when there is no room for it and another one. */
  #tellLost(): boolean {
    if (this.#waiting.length - this.#first >= MAX_WAITING_EVENTS - 1) return false;
    this.#waiting.push(this.#takeLost());
    return true;
  }

  #takeLost(): Uint8Array {
    const count = this.#lost;
    this.#lost = 0;
    return formatUapiEvent({ type: "lost", time: this.#now(), count });
  }
}

/** What an {@linkcode EventFeed} needs to know of the engine. */
export interface EventSource {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Whether the device serves: what is erased when it ends to didn't expire. */
  isUp(): boolean;
  nameOf(peer: Peer): string | null;
  /** The name of the interface that an IPv6 zone index means. */
  zoneName(scopeId: number): string;
}

/**
 * Tells several readers what happens. Without readers it does nothing; with readers who don't keep up it
 * counts, so that however often something happens, packets hardly wait for it.
 */
export class EventFeed {
  readonly #source: EventSource;
  readonly #queues = new Map<EventQueue, Requests>();

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** The queue of a new reader, who may request so much; null when there are too many of its kind. */
  open(requests: Requests = "all"): EventQueue | null {
    const equals = [...this.#queues.values()].filter((other) => other === requests);
    if (equals.length >= MAX_EVENT_READERS) return null;
    const queue = new EventQueue(() => this.#source.now());
    this.#queues.set(queue, requests);
    return queue;
  }

  /** The reader is gone. */
  close(queue: EventQueue): void {
    this.#queues.delete(queue);
  }

  /** Something happened to the interface. */
  publish(event: Omit<TunnelEvent, "time">): void {
    let block: Uint8Array | null = null;
    for (const queue of this.#queues.keys()) {
      if (!queue.isFull) block ??= formatUapiEvent({ ...event, time: this.#source.now() });
      queue.push(block);
    }
  }

  /** Something happened in the device. Of what concerns handshake messages only, nobody is told. */
  onDeviceEvent(event: DeviceEvent): void {
    if (this.#queues.size === 0 || !("peer" in event)) return;
    const { peer } = event;
    const who = { publicKey: peer.publicKey, name: this.#source.nameOf(peer) };
    switch (event.type) {
      case "handshake-completed": {
        const role = event.initiator ? "initiator" : "responder";
        const endpoint = this.#endpoint(peer.endpoint);
        return this.publish({ type: "handshake-completed", peer: who, role, endpoint });
      }
      case "handshake-given-up": {
        const { initiations } = event;
        return this.publish({ type: "handshake-failed", peer: who, initiations });
      }
      case "roamed": {
        const previousEndpoint = this.#endpoint(event.from), endpoint = this.#endpoint(event.to);
        return this.publish({ type: "roamed", peer: who, previousEndpoint, endpoint });
      }
      case "sessions-erased":
        if (peer.removed || !this.#source.isUp()) return;
        return this.publish({ type: "sessions-expired", peer: who });
      case "endpoint-reresolved":
        return this.publish({
          type: "endpoint-reresolved",
          peer: who,
          endpointName: event.name,
          previousEndpoint: this.#endpoint(event.from),
          endpoint: this.#endpoint(event.to),
        });
      case "handshake-initiated":
      case "handshake-answered":
        return;
    }
  }

  #endpoint(endpoint: Endpoint | null): UapiEndpoint | null {
    if (endpoint === null) return null;
    const { address, port, scopeId } = endpoint;
    const zone = formatZone(address, scopeId, (index) => this.#source.zoneName(index));
    return { address: IpAddress.fromBytes(address), port, zone };
  }
}
