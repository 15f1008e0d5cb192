import type { Now } from "../../core/clock.ts";
import type { ConfigEndpoint } from "../../core/config/types.ts";
import { DeadlineHeap } from "../../core/deadline_heap.ts";
import type { Device } from "../../core/device.ts";
import type { DeviceEvent } from "../../core/device_event.ts";
import { EndpointSearch, type SoughtName } from "../../core/endpoint_search.ts";
import { Endpoint } from "../../core/endpoint.ts";
import { IpAddress } from "../../core/ip.ts";
import { Jitter } from "../../core/jitter.ts";
import type { Peer } from "../../core/peer.ts";
import { neededScopeId } from "../../core/zone.ts";
import { indexOfName } from "../../ffi/interface_name.ts";
import type { EndpointNameStatus } from "../../core/uapi/status.ts";
import { systemRandom } from "../random.ts";
import type { ResolverSettings, StubResolver } from "./stub_resolver.ts";

/** How the config names the endpoints of a peer. */
export interface EndpointNames {
  /** Its endpoint, and the fallback endpoints. */
  readonly names: readonly [ConfigEndpoint, ...ConfigEndpoint[]];
  /** The addresses that the first name has, as far as they are known; the best first. */
  readonly addresses: readonly Endpoint[];
}

/** What looks hosts up. */
export type HostResolver = Pick<
  StubResolver,
  "settings" | "lookUp" | "nextDeadline" | "step" | "close"
>;

/** Looks for those peers of an interface whose endpoints have names, or fallback endpoints. */
export class NamedEndpoints {
  readonly #resolver: HostResolver;
  readonly #device: Device;
  readonly #now: Now;
  readonly #onEvent: (event: DeviceEvent) => void;
  readonly #searches = new WeakMap<Peer, EndpointSearch<Peer>>();
  readonly #heap = new DeadlineHeap<EndpointSearch<Peer>>();
  readonly #jitter = new Jitter(systemRandom);
  /** Milliseconds between lookups on a schedule; Infinity for none. */
  #interval = Infinity;

  /** @param now is read whenever it does something */
  constructor(
    resolver: HostResolver,
    device: Device,
    now: Now,
    onEvent: (event: DeviceEvent) => void,
  ) {
    this.#resolver = resolver;
    this.#device = device;
    this.#now = now;
    this.#onEvent = onEvent;
  }

  /** When to call {@linkcode step}, boot milliseconds. */
  nextDeadline(): number {
    return Math.min(this.#heap.nextDeadline(), this.#resolver.nextDeadline());
  }

  /** Does what is due or can be done. Should be called before the timers of peers are looked at. */
  step(): void {
    const now = this.#now.boot;
    while (this.#heap.nextDeadline() <= now) {
      const search = this.#heap.first();
      if (search === undefined) break;
      if (search.peer.removed) this.#heap.remove(search);
      else this.#do(search, () => search.advance(now));
    }
    this.#resolver.step(now);
  }

  /** Gives a peer its names; null takes them away. */
  set(peer: Peer, names: EndpointNames | null): void {
    const old = this.#searches.get(peer);
    if (old !== undefined) this.#heap.remove(old);
    this.#searches.delete(peer);
    peer.rivalEndpoints = [];
    if (names === null) return;
    const [first, ...others] = names.names;
    const search = new EndpointSearch<Peer>(
      peer,
      [soughtName(first, names.addresses), ...others.map((name) => soughtName(name, []))],
      { actions: this.#actions, jitter: this.#jitter },
    );
    this.#searches.set(peer, search);
    this.#do(search, () => {
      search.lookUpEvery(this.#interval, this.#now.boot);
      search.start(this.#now.boot);
    });
  }

  /** Looks all names up every so many seconds; 0 for only when handshakes fail. */
  lookUpEvery(seconds: number, peers: Iterable<Peer>): void {
    this.#interval = seconds === 0 ? Infinity : seconds * 1000;
    for (const peer of peers) {
      const search = this.#searches.get(peer);
      if (search === undefined) continue;
      this.#do(search, () => search.lookUpEvery(this.#interval, this.#now.boot));
    }
  }

  /** Says which name servers to ask. */
  setResolver(settings: Partial<ResolverSettings>): void {
    this.#resolver.settings = { ...this.#resolver.settings, ...settings };
  }

  /** A peer's endpoint was set by hand: unless it is one of its name's, the name means nothing any more. */
  onEndpointSet(peer: Peer): void {
    const search = this.#searches.get(peer);
    if (search === undefined || peer.endpoint === null) return;
    if (!search.knows(peer.endpoint)) return this.set(peer, null);
    this.#do(search, () => search.onEndpointSet(this.#now.boot));
  }

  /** Should be told all that happens in the device. */
  onEvent(event: DeviceEvent): void {
    if (!("peer" in event)) return;
    const search = this.#searches.get(event.peer);
    if (search === undefined) return;
    const now = this.#now.boot;
    this.#do(search, () => {
      if (event.type === "handshake-initiated") search.onInitiation(now);
      else if (event.type === "handshake-completed") search.onHandshake(now);
      else if (event.type === "handshake-given-up") search.onGivenUp(now);
    });
  }

  /** What is known of the peer's name; null when it has none. */
  stateOf(peer: Peer): EndpointNameStatus | null {
    const search = this.#searches.get(peer);
    const name = search?.names[0]?.text;
    if (search === undefined || name === undefined) return null;
    return { name, resolvedAt: Math.floor(search.resolvedAt / 1000) };
  }

  /** Ends all lookups. */
  close(): void {
    this.#resolver.close();
  }

  #do(search: EndpointSearch<Peer>, action: () => void): void {
    action();
    this.#heap.schedule(search, search.nextDeadline());
  }

  readonly #actions = {
    lookUp: (search: EndpointSearch<Peer>, host: string) => {
      this.#resolver.lookUp(host, (result) => {
        if (this.#searches.get(search.peer) !== search || search.peer.removed) return;
        const bytes = result.kind === "found" ? result.addresses.map(({ bytes }) => bytes) : null;
        const { boot, wall } = this.#now;
        this.#do(search, () => search.onLookedUp(host, bytes, boot, wall));
      });
    },
    seek: ({ peer }: EndpointSearch<Peer>, name: string, to: Endpoint) => {
      const from = peer.endpoint;
      const { timers } = peer;
      const now = this.#now.boot;
      peer.setEndpoint(to);
      if (!timers.retransmitHandshakeNow(now)) {
        const isWanted = peer.sessions.current !== null || peer.persistentKeepaliveInterval > 0;
        timers.forgetLastSentHandshake();
        if (isWanted && this.#device.isUp) timers.requestHandshake(now);
      }
      this.#onEvent({ type: "endpoint-reresolved", peer, name, from, to });
    },
  };
}

function soughtName(endpoint: ConfigEndpoint, known: readonly Endpoint[]): SoughtName {
  const { host, port, text } = endpoint;
  const [literal = "", zone = ""] = host.split("%");
  const address = IpAddress.parse(literal);
  if (address === null) return { host, port, text, known, isLiteral: false };
  const scopeId = neededScopeId(address.bytes, zone, indexOfName) ?? 0;
  return { host, port, text, known: [new Endpoint(address.bytes, port, scopeId)], isLiteral: true };
}
