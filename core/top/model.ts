/** What `wgts top` knows: the interfaces and peers as they were at the last sample, and their rates. */

import type { InterfaceFound, InterfaceProblem, InterfaceSample, PeerSample } from "./sample.ts";
import { History } from "./sparkline.ts";

/** Milliseconds for which an interface that is gone is still shown. */
const SHOWN_AFTER_END_MS = 60_000;

const GONE: InterfaceProblem = { problem: "gone", reason: "" };

/** Of peers: the busiest first, or by name. */
export type Order = "rate" | "name";

/** Bytes per second. */
interface Rates {
  /** From the peer; NaN after the first sample. */
  readonly down: number;
  /** To the peer; NaN after the first sample. */
  readonly up: number;
}

/** A peer of an interface. */
export class TopPeer implements Rates {
  down = NaN;
  up = NaN;
  /** Rates in both directions together. */
  readonly history = new History();

  constructor(
    readonly interfaceName: string,
    /** The newest. */
    public sample: PeerSample,
  ) {}

  /** Name or else public key. */
  get label(): string {
    return this.sample.name ?? this.sample.key;
  }

  /** Takes the next sample, `seconds` after the last. */
  update(sample: PeerSample, seconds: number): void {
    this.down = increase(this.sample.receivedBytes, sample.receivedBytes) / seconds;
    this.up = increase(this.sample.sentBytes, sample.sentBytes) / seconds;
    this.history.push(this.down + this.up);
    this.sample = sample;
  }
}

/** A count that is less than before was started anew, with its interface or peer. */
function increase(before: number, now: number): number {
  return now >= before ? now - before : now;
}

/** An interface, also one that can't be asked or is gone. */
export class TopInterface implements Rates {
  down = NaN;
  up = NaN;
  /** Bytes from all peers. */
  receivedBytes = 0;
  /** Bytes to all peers. */
  sentBytes = 0;
  /** What it told last; null when it can't be asked. */
  found: InterfaceFound | null = null;
  /** Why it can't be asked; null when it can. */
  problem: InterfaceProblem | null = null;
  /** Since when that is so, on the clock of the samples. */
  problemSince = NaN;
  #time = NaN;
  #peers = new Map<string, TopPeer>();

  constructor(readonly name: string) {}

  /** Those of the last sample. */
  get peers(): Iterable<TopPeer> {
    return this.#peers.values();
  }

  /** Takes what it told at `time`. */
  update(found: InterfaceFound, time: number): void {
    const seconds = (time - this.#time) / 1000;
    const before = this.#peers;
    this.#peers = new Map();
    this.found = found;
    this.problem = null;
    this.#time = time;
    this.receivedBytes = this.sentBytes = 0;
    this.down = this.up = seconds > 0 ? 0 : NaN;
    for (const sample of found.peers) {
      let peer = before.get(sample.key);
      if (peer === undefined) peer = new TopPeer(this.name, sample);
      else if (seconds > 0) peer.update(sample, seconds);
      this.#peers.set(sample.key, peer);
      this.receivedBytes += sample.receivedBytes;
      this.sentBytes += sample.sentBytes;
      this.down += peer.down || 0;
      this.up += peer.up || 0;
    }
  }

  /** It could not be asked at `time`. */
  fail(problem: InterfaceProblem, time: number): void {
    if (this.problem === null) this.problemSince = time;
    this.problem = problem;
    this.found = null;
    this.#time = NaN;
    this.#peers = new Map();
    this.down = this.up = NaN;
  }
}

/** All interfaces. Its memory is bounded by what the last samples told. */
export class TopModel {
  readonly #interfaces = new Map<string, TopInterface>();

  /** By name. */
  get interfaces(): TopInterface[] {
    return [...this.#interfaces.values()].sort((a, b) => compare(a.name, b.name));
  }

  /** Number of peers. */
  get peerCount(): number {
    let count = 0;
    for (const { found } of this.#interfaces.values()) count += found?.peers.length ?? 0;
    return count;
  }

  /** Rates of all interfaces together. */
  get total(): Rates {
    const total = { down: 0, up: 0 };
    for (const { down, up } of this.#interfaces.values()) {
      total.down += down || 0;
      total.up += up || 0;
    }
    return total;
  }

  /** All peers; those that have the same rate by name. */
  peers(order: Order): TopPeer[] {
    const peers = this.interfaces.flatMap((each) => [...each.peers]);
    const byName = (a: TopPeer, b: TopPeer) => compare(a.label, b.label);
    const rate = ({ down, up }: TopPeer) => down + up || 0;
    return peers.sort(order === "name" ? byName : (a, b) => rate(b) - rate(a) || byName(a, b));
  }

  /** Takes what was seen of all interfaces there are, at `time` at the latest; the others are gone. */
  update(samples: readonly InterfaceSample[], time: number): void {
    const seen = new Set<string>();
    for (const { name, time, found } of samples) {
      seen.add(name);
      let each = this.#interfaces.get(name);
      if (each === undefined) this.#interfaces.set(name, each = new TopInterface(name));
      if ("problem" in found) each.fail(found, time);
      else each.update(found, time);
    }
    for (const [name, each] of this.#interfaces) {
      if (seen.has(name)) continue;
      each.fail(GONE, time);
      if (time - each.problemSince > SHOWN_AFTER_END_MS) this.#interfaces.delete(name);
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
