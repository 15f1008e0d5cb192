import type { Random } from "../clock.ts";
import type { IpAddress } from "../ip.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import { DnsExchange, type DnsOutcome } from "./exchange.ts";
import { TYPE_A, TYPE_AAAA } from "./message.ts";

/** What became of the search for a host's addresses. */
export type LookupResult =
  | { readonly kind: "found"; readonly addresses: readonly IpAddress[] }
  /** The servers say that there is no such host, or that it has no address. */
  | { readonly kind: "none" }
  /** No server could or would say. */
  | { readonly kind: "failed" };

/**
 * How long the addresses of one family wait for those of the other, in milliseconds: some servers never
 * answer for a type that they don't know.
 */
const RESOLUTION_DELAY_MS = 500;

/** Searches the IPv4 and the IPv6 addresses of a host at the same time (RFC 8305 section 3). */
export class DnsLookup {
  /** The two searches, whose queries are to be sent. */
  readonly exchanges: readonly DnsExchange[];
  /** When the addresses of one family came while the other's were missing. */
  #since = Infinity;

  /** Begins both. `now` is boot milliseconds. */
  constructor(host: string, servers: readonly UapiEndpoint[], random: Random, now: number) {
    this.exchanges = ([TYPE_AAAA, TYPE_A] as const).map((type) =>
      new DnsExchange(host, type, servers, random, now)
    );
  }

  /** When to call {@linkcode advance}, boot milliseconds. */
  get deadline(): number {
    const deadlines = this.exchanges.map(({ deadline }) => deadline);
    return Math.min(...deadlines, this.#since + RESOLUTION_DELAY_MS);
  }

  /** Does what is due, and tells the result once there is one. */
  advance(now: number): LookupResult | null {
    for (const exchange of this.exchanges) exchange.expire(now);
    const outcomes = this.exchanges.map(({ outcome }) => outcome);
    const addresses = outcomes.flatMap((outcome) => addressesOf(outcome));
    if (outcomes.includes(null)) {
      if (addresses.length === 0) return null;
      this.#since = Math.min(this.#since, now);
      if (now < this.#since + RESOLUTION_DELAY_MS) return null;
    }
    if (addresses.length > 0) return { kind: "found", addresses };
    return outcomes.some((outcome) => outcome?.kind === "failed")
      ? { kind: "failed" }
      : { kind: "none" };
  }
}

function addressesOf(outcome: DnsOutcome | null): readonly IpAddress[] {
  return outcome?.kind === "addresses" ? outcome.addresses : [];
}
