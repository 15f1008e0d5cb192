import type { Random } from "../../core/clock.ts";
import { orderAddresses } from "../../core/dns_client/address_order.ts";
import { addressesInHosts } from "../../core/dns_client/hosts.ts";
import { DnsLookup, type LookupResult } from "../../core/dns_client/lookup.ts";
import { parseNameservers } from "../../core/dns/resolv_conf.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { MAX_NAME_SERVERS } from "../../core/uapi/named_endpoints.ts";
import { Endpoint } from "../../core/endpoint.ts";
import type { IpAddress } from "../../core/ip.ts";
import { ClientSocket } from "../../ffi/client_socket.ts";
import { type ChannelPoll, type ChannelRoute, DnsChannel } from "./dns_channel.ts";

/** Hosts that are looked up at the same time; more wait. */
const MAX_LOOKUPS = 4;
/** Sockets for one: IPv6 and IPv4 addresses are asked for at the same time. */
const CHANNELS = 2;

/** Entries of the poll set that it uses. */
export const RESOLVER_POLL_SLOTS: number = MAX_LOOKUPS * CHANNELS;

/** Any port: only whether there is a route is asked. */
const DISCARD_PORT = 9;

/** Which servers are asked. */
export interface ResolverSettings {
  /** Those of the system before the tunnel stood. */
  readonly nameServers: readonly UapiEndpoint[];
  /** Whether those of /etc/resolv.conf, as it is now, are asked after them. */
  readonly followsSystem: boolean;
}

/** What a resolver works with. */
export interface StubResolverOptions extends ChannelRoute {
  /** An entry of the poll set. */
  readonly poll: (index: number) => ChannelPoll;
  readonly random: Random;
  /** Reads a file of the system; "" when it can't be read. */
  readonly readFile: (path: string) => string;
}

/**
 * Looks up hosts while the tunnel runs. It asks the name servers that the system had before, with the
 * mark and the binding of the interface's own packets: so it needs nothing that may lie behind the
 * tunnel, which may be dead. /etc/hosts comes first. It never blocks: {@linkcode step} does what can be
 * done at once.
 */
export class StubResolver {
  settings: ResolverSettings = { nameServers: [], followsSystem: true };
  readonly #options: StubResolverOptions;
  readonly #places: Place[];
  /** Lookups under way. */
  #active = 0;
  /** Hosts in the order of their turn, with those who wait for them. */
  readonly #waiting = new Map<string, OnLookedUp[]>();

  constructor(options: StubResolverOptions) {
    this.#options = options;
    this.#places = Array.from({ length: MAX_LOOKUPS }, (_, place) => ({
      channels: Array.from(
        { length: CHANNELS },
        (_, channel) => new DnsChannel(options.poll(place * CHANNELS + channel), options),
      ),
      current: null,
    }));
  }

  /** Looks `host` up. `onLookedUp` is called by a later {@linkcode step}. */
  lookUp(host: string, onLookedUp: OnLookedUp): void {
    const place = this.#places.find(({ current }) => current?.host === host);
    const listeners = place?.current?.listeners ?? this.#waiting.get(host);
    if (listeners !== undefined) listeners.push(onLookedUp);
    else this.#waiting.set(host, [onLookedUp]);
  }

  /** When to call {@linkcode step}, boot milliseconds, though no socket is ready. */
  nextDeadline(): number {
    if (this.#waiting.size > 0 && this.#active < MAX_LOOKUPS) return -Infinity;
    let deadline = Infinity;
    if (this.#active === 0) return deadline;
    for (const { current } of this.#places) {
      if (current !== null) deadline = Math.min(deadline, current.lookup.deadline);
    }
    return deadline;
  }

  /** Begins what waits, and brings what is under way forward. `now` is boot milliseconds. */
  step(now: number): void {
    if (this.#waiting.size > 0) this.#begin(now);
    if (this.#active === 0) return;
    for (const place of this.#places) {
      if (place.current !== null) this.#advance(place, place.current, now);
    }
  }

  /** Ends all lookups; nobody is told. */
  close(): void {
    this.#waiting.clear();
    this.#active = 0;
    for (const place of this.#places) {
      place.current = null;
      for (const channel of place.channels) channel.close();
    }
  }

  #begin(now: number): void {
    for (const [host, listeners] of [...this.#waiting]) {
      const place = this.#places.find(isFree);
      if (place === undefined) return;
      this.#waiting.delete(host);
      const known = addressesInHosts(this.#options.readFile("/etc/hosts"), host);
      if (known.length > 0) this.#tell(listeners, { kind: "found", addresses: known });
      else {
        const lookup = new DnsLookup(host, this.#nameServers(), this.#options.random, now);
        place.current = { host, lookup, listeners };
        this.#active++;
      }
    }
  }

  #advance(place: Place, { lookup, listeners }: Current, now: number): void {
    const step = () =>
      lookup.exchanges.forEach((exchange, index) => place.channels[index]?.step(exchange, now));
    step();
    const result = lookup.advance(now);
    // What has expired is asked anew, of another server.
    if (result === null) return step();
    place.current = null;
    this.#active--;
    for (const channel of place.channels) channel.close();
    this.#tell(listeners, result);
  }

  #tell(listeners: readonly OnLookedUp[], result: LookupResult): void {
    const told = result.kind === "found" ? this.#inOrder(result.addresses) : result;
    for (const listener of listeners) listener(told);
  }

  #inOrder(addresses: readonly IpAddress[]): LookupResult {
    return {
      kind: "found",
      addresses: orderAddresses(addresses, (address) => this.#hasRoute(address)),
    };
  }

  #nameServers(): UapiEndpoint[] {
    const { nameServers, followsSystem } = this.settings;
    const system = followsSystem
      ? parseNameservers(this.#options.readFile("/etc/resolv.conf"))
      : [];
    const others = system.filter(({ address }) =>
      !nameServers.some((known) => known.address.equals(address))
    );
    return [...nameServers, ...others].slice(0, MAX_NAME_SERVERS);
  }

  #hasRoute(address: IpAddress): boolean {
    const remote = new Endpoint(address.bytes, DISCARD_PORT);
    try {
      const { mark, binding } = this.#options;
      ClientSocket.open({ protocol: "udp", remote, mark: mark(), binding }).close();
      return true;
    } catch {
      return false;
    }
  }
}

/** Told a host's addresses, the best first, or that there are none. */
export type OnLookedUp = (result: LookupResult) => void;

interface Place {
  readonly channels: readonly DnsChannel[];
  current: Current | null;
}

interface Current {
  readonly host: string;
  readonly lookup: DnsLookup;
  readonly listeners: OnLookedUp[];
}

function isFree({ current }: Place): boolean {
  return current === null;
}
