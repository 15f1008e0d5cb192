import type { ConfigEndpoint } from "./config/types.ts";
import { REKEY_TIMEOUT_MS } from "./constants.ts";
import type { HeapEntry } from "./deadline_heap.ts";
import { Endpoint } from "./endpoint.ts";
import type { Jitter } from "./jitter.ts";

/** What a search needs of its peer, which {@linkcode Peer} has. */
export interface SoughtPeer {
  /** Where it is reached now; changes when it roams. */
  readonly endpoint: Endpoint | null;
  /** Bytes of valid datagrams from it. */
  readonly receivedBytes: number;
  /** Where its initiations go as well. */
  rivalEndpoints: readonly Endpoint[];
}

/** What a search makes its owner do. */
export interface SearchActions<P extends SoughtPeer> {
  /** Looks a host up, and calls {@linkcode EndpointSearch.onLookedUp} later, not now. */
  lookUp(search: EndpointSearch<P>, host: string): void;
  /** Seeks the peer at `endpoint`, an address of `name`, from now on, and without delay. */
  seek(search: EndpointSearch<P>, name: string, endpoint: Endpoint): void;
}

/** An endpoint of the config, and what is known of it. */
export interface SoughtName extends ConfigEndpoint {
  /** Its addresses, the best first; that of a literal address is known from the start, and for good. */
  known: readonly Endpoint[];
  /** Whether the host is an address, which needs no lookup. */
  readonly isLiteral: boolean;
}

/** Initiations without an answer until the peer is sought elsewhere: about ten seconds. */
const UNANSWERED_INITIATIONS = 2;
/**
 * Between the first lookups and the next ones while nothing answers, in milliseconds; then twice as
 * long…
 */
export const FIRST_LOOKUP_PAUSE_MS = 5000;
/** …up to this. */
export const LAST_LOOKUP_PAUSE_MS = 60_000;

/**
 * Looks for the endpoint of one peer that its config names. While handshakes are answered it does
 * nothing, but for lookups on a schedule. When they aren't, it asks for the addresses anew and tries
 * them in turn, one initiation each: the other family first, then the name's further addresses, then
 * those of the fallback endpoints; and again from the start. It stays with what answers.
 *
 * Times are boot time in milliseconds. Its owner calls {@linkcode advance} when {@linkcode nextDeadline}
 * has passed.
 */
export class EndpointSearch<P extends SoughtPeer> implements HeapEntry {
  deadline = Infinity;
  position = -1;

  readonly peer: P;
  /** The endpoint, then the fallback endpoints. */
  readonly names: readonly SoughtName[];
  /** Wall clock (ms) when a lookup last gave an address; 0 when none has since the engine got the name. */
  resolvedAt = 0;

  readonly #actions: SearchActions<P>;
  readonly #jitter: Jitter;
  /** Milliseconds between lookups on a schedule; Infinity for none. */
  #interval: number;
  /** Handshakes aren't answered, or the peer has no endpoint. */
  #searching = false;
  /** Addresses still to be tried in this round, and the name whose they are. */
  #untried: Endpoint[] = [];
  #name: SoughtName;
  /** Index of the name that comes next in this round. */
  #nextName = 0;
  /** Whether the names are looked up in this round, or it goes with what is known. */
  #asks = false;
  /** The name that is being looked up. */
  #asked: SoughtName | null = null;
  /** Where the peer was last said to be; elsewhere, it has roamed. */
  #sought: Endpoint | null;
  /** What the peer had sent when the last initiation was sent. */
  #receivedBytes = 0;
  /** Initiations since all was well. The peer's timers count anew with every packet that waits. */
  #initiations = 0;
  /** The peer was sent elsewhere than it is, to a name that nobody knew yet. */
  #isAwaited = false;
  /** When it counts as unanswered. */
  #unanswered = Infinity;
  #scheduled = Infinity;
  #pause = FIRST_LOOKUP_PAUSE_MS;
  /** Before that, no name is looked up because nothing answers. */
  #mayAskAt = -Infinity;

  /** @param names not empty */
  constructor(
    peer: P,
    names: readonly [SoughtName, ...SoughtName[]],
    { actions, jitter }: { actions: SearchActions<P>; jitter: Jitter },
  ) {
    this.peer = peer;
    this.names = names;
    this.#name = names[0];
    this.#actions = actions;
    this.#jitter = jitter;
    this.#interval = Infinity;
    this.#sought = peer.endpoint;
  }

  /** When to call {@linkcode advance}. */
  nextDeadline(): number {
    return Math.min(this.#unanswered, this.#scheduled);
  }

  /**
   * Begins: a peer without an endpoint is looked for at once, one that is new by both families, and one
   * whose new name nobody knows yet stays where it is until somebody does.
   */
  start(now: number): void {
    const { endpoint } = this.peer;
    const [first] = this.names;
    if (endpoint === null) this.#beginRound(now);
    else if (first?.known.length === 0) {
      this.#isAwaited = true;
      this.#ask(first);
    } else if (this.peer.receivedBytes === 0) this.#race(endpoint);
  }

  /** Looks the endpoint up every so often (milliseconds) from now on; Infinity for only when it must. */
  lookUpEvery(interval: number, now: number): void {
    this.#interval = interval;
    if (!this.#searching) this.#schedule(now);
  }

  /** Whether `endpoint` is among what the names were found to mean. */
  knows(endpoint: Endpoint): boolean {
    return this.names.some(({ known }) => known.some((other) => other.sameRemote(endpoint)));
  }

  /** Somebody else has set the peer's endpoint, to one that it {@linkcode knows}. */
  onEndpointSet(now: number): void {
    this.#sought = this.peer.endpoint;
    this.#rest(now);
  }

  /** Should be called after a handshake initiation was sent. */
  onInitiation(now: number): void {
    if (this.#unanswered !== Infinity) return;
    this.#receivedBytes = this.peer.receivedBytes;
    this.#initiations++;
    if (this.#searching || this.#initiations >= UNANSWERED_INITIATIONS) {
      this.#unanswered = now + REKEY_TIMEOUT_MS;
    }
  }

  /** Should be called when initiations are no longer sent, though none was answered. */
  onGivenUp(now: number): void {
    this.#unanswered = Infinity;
    if (this.#scheduled === Infinity) this.#schedule(now);
  }

  /** Should be called after a handshake was completed. */
  onHandshake(now: number): void {
    this.#rest(now);
  }

  /** Does what is due. */
  advance(now: number): void {
    if (this.#unanswered <= now) {
      this.#unanswered = Infinity;
      // Whatever came was valid and moved the endpoint to where it came from: that is no dead one.
      if (this.peer.receivedBytes !== this.#receivedBytes) this.#rest(now);
      else if (this.#searching && this.#isUnderWay) this.#seekNext(now);
      else this.#beginRound(now);
    }
    if (this.#scheduled <= now) {
      this.#scheduled = Infinity;
      if (this.#searching) this.#beginRound(now);
      else this.#ask(this.names[0] ?? this.#name);
    }
  }

  /**
   * The lookup of `host` gave `addresses`, the best first; null when it failed. `wall` in ms. An answer
   * that nobody waits for any more changes nothing.
   */
  onLookedUp(
    host: string,
    addresses: readonly Uint8Array[] | null,
    now: number,
    wall: number,
  ): void {
    const name = this.#asked;
    if (name?.host !== host) return;
    this.#asked = null;
    const { endpoint } = this.peer;
    const isOurs = endpoint !== null &&
      (this.knows(endpoint) || this.#sought?.sameRemote(endpoint) === true);
    if (addresses !== null && addresses.length > 0) {
      this.resolvedAt = wall;
      if (name === this.names[0]) this.#isAwaited = false;
      name.known = addresses.map((address) => new Endpoint(address, name.port));
    }
    if (this.#searching) {
      this.#tryAddresses(name);
      return this.#seekNext(now);
    }
    // A peer that has roamed is where it is.
    if (isOurs && !this.knows(endpoint)) {
      this.#tryAddresses(name);
      const [first] = this.#untried;
      if (first !== undefined) this.#seek(first);
      this.#untried = [];
    }
    this.#schedule(now);
  }

  get #isUnderWay(): boolean {
    return this.#asked !== null || this.#untried.length > 0 || this.#nextName < this.names.length;
  }

  /** All is well. */
  #rest(now: number): void {
    this.#searching = false;
    this.#asked = null;
    this.#untried = [];
    this.peer.rivalEndpoints = [];
    this.#initiations = 0;
    this.#unanswered = Infinity;
    this.#pause = FIRST_LOOKUP_PAUSE_MS;
    this.#mayAskAt = -Infinity;
    // Handshakes that come more often than lookups don't put those off.
    if (this.#scheduled === Infinity) this.#schedule(now);
  }

  #schedule(now: number): void {
    const isLiteral = this.names[0]?.isLiteral ?? true;
    this.#scheduled = isLiteral ? Infinity : now + this.#interval;
    if (!this.#isAwaited) return;
    this.#scheduled = Math.min(this.#scheduled, now + this.#nextPause());
  }

  #beginRound(now: number): void {
    this.#searching = true;
    this.#scheduled = Infinity;
    this.#nextName = 0;
    this.#untried = [];
    this.#asks = now >= this.#mayAskAt;
    if (this.#asks) this.#mayAskAt = now + this.#nextPause();
    this.#seekNext(now);
  }

  /** Milliseconds from a lookup to the next one: more each time. */
  #nextPause(): number {
    const pause = this.#pause + this.#jitter.next();
    this.#pause = Math.min(2 * this.#pause, LAST_LOOKUP_PAUSE_MS);
    return pause;
  }

  /** Seeks the peer at the next address of this round; at its end, where it was. */
  #seekNext(now: number): void {
    while (this.#asked === null) {
      const [endpoint] = this.#untried;
      if (endpoint !== undefined) return this.#seek(endpoint);
      const name = this.names[this.#nextName++];
      if (name === undefined) break;
      if (this.#asks && !name.isLiteral) this.#ask(name);
      else this.#tryAddresses(name);
    }
    // Without an endpoint no initiation is sent, and nothing else would call for the next round.
    if (this.#asked === null && this.peer.endpoint === null) {
      this.#scheduled = Math.max(now, this.#mayAskAt);
    }
  }

  #ask(name: SoughtName): void {
    this.#asked = name;
    this.#actions.lookUp(this, name.host);
  }

  /** The addresses of `name` come next, but for the one that was just tried. */
  #tryAddresses(name: SoughtName): void {
    const { endpoint } = this.peer;
    const others = name.known.filter((known) => endpoint === null || !known.sameRemote(endpoint));
    const isAmong = endpoint !== null && others.length < name.known.length;
    const family = endpoint?.address.length;
    this.#name = name;
    this.#untried = !isAmong ? others : [
      ...others.filter(({ address }) => address.length !== family).slice(0, 1),
      ...others.filter(({ address }) => address.length === family),
      ...others.filter(({ address }) => address.length !== family).slice(1),
    ];
  }

  #seek(endpoint: Endpoint): void {
    this.#unanswered = Infinity;
    this.#race(endpoint);
    const { rivalEndpoints } = this.peer;
    this.#untried = this.#untried.filter((other) =>
      other !== endpoint && !rivalEndpoints.includes(other)
    );
    this.#sought = endpoint;
    this.#actions.seek(this, this.#name.text, endpoint);
  }

  /** Lets the initiations to `endpoint` go to the best address of the other family, too. */
  #race(endpoint: Endpoint): void {
    const rival = [...this.#untried, ...this.#name.known].find(({ address }) =>
      address.length !== endpoint.address.length
    );
    this.peer.rivalEndpoints = rival === undefined ? [] : [rival];
  }
}
