import type { Random } from "../clock.ts";
import type { IpAddress } from "../ip.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import { type AddressType, decodeAnswer, type DnsQuestion, encodeQuery } from "./message.ts";

/** How a query goes to a server. */
export type DnsProtocol = "udp" | "tcp";

/** A query to be sent, from a socket of its own: its port is as random as the query's id. */
export interface DnsQuery {
  readonly server: UapiEndpoint;
  readonly protocol: DnsProtocol;
  /** Without the length that TCP wants. */
  readonly message: Uint8Array;
}

/** How the search for one type of addresses ended. */
export type DnsOutcome =
  | { readonly kind: "addresses"; readonly addresses: readonly IpAddress[]; readonly ttl: number }
  | { readonly kind: "no-such-name" }
  /** No server could or would say. */
  | { readonly kind: "failed" };

/** How long a server has to answer, in milliseconds, the first and the second time. */
const UDP_TIMEOUTS_MS: readonly number[] = [2000, 4000];
const TCP_TIMEOUT_MS = 5000;

/**
 * Asks one question of several servers in turn, twice if need be: by UDP, and by TCP of a server whose
 * answer is too large for a datagram. Does no I/O: {@linkcode query} is what is to be sent now.
 */
export class DnsExchange {
  /** What is to be sent, and answered; null once there is an {@linkcode outcome}. */
  query: DnsQuery | null = null;
  /** When to call {@linkcode expire}, boot milliseconds; Infinity once there is an outcome. */
  deadline = Infinity;
  outcome: DnsOutcome | null = null;

  readonly #name: string;
  readonly #type: AddressType;
  readonly #servers: readonly UapiEndpoint[];
  readonly #random: Random;
  #question: DnsQuestion;
  /** Queries by UDP so far. */
  #attempts = 0;

  /** Asks the first server. `now` is boot milliseconds. */
  constructor(
    name: string,
    type: AddressType,
    servers: readonly UapiEndpoint[],
    random: Random,
    now: number,
  ) {
    this.#name = name;
    this.#type = type;
    this.#servers = servers;
    this.#random = random;
    this.#question = { id: 0, name, type };
    this.#askNext(now);
  }

  /** A message came from the server that was asked. What isn't the answer is ignored. */
  receive(message: Uint8Array, now: number): void {
    const { query } = this;
    if (query === null) return;
    const answer = decodeAnswer(message, this.#question);
    if (answer === null) return;
    switch (answer.kind) {
      case "addresses":
      case "no-such-name":
        return this.#end(answer);
      case "truncated":
        if (query.protocol === "tcp") return this.#askNext(now);
        return this.#ask(query.server, "tcp", now + TCP_TIMEOUT_MS);
      case "failed":
        return this.#askNext(now);
    }
  }

  /** The server that was asked can't be reached. */
  fail(now: number): void {
    if (this.query !== null) this.#askNext(now);
  }

  /** {@linkcode deadline} may have passed. */
  expire(now: number): void {
    if (now >= this.deadline) this.#askNext(now);
  }

  #askNext(now: number): void {
    const server = this.#servers[this.#attempts % this.#servers.length];
    const timeout = UDP_TIMEOUTS_MS[Math.floor(this.#attempts / this.#servers.length)];
    if (server === undefined || timeout === undefined) return this.#end({ kind: "failed" });
    this.#attempts++;
    this.#ask(server, "udp", now + timeout);
  }

  #ask(server: UapiEndpoint, protocol: DnsProtocol, deadline: number): void {
    const id = new Uint8Array(2);
    this.#random(id);
    this.#question = {
      id: new DataView(id.buffer).getUint16(0),
      name: this.#name,
      type: this.#type,
    };
    const message = encodeQuery(this.#question);
    if (message === null) return this.#end({ kind: "no-such-name" });
    this.query = { server, protocol, message };
    this.deadline = deadline;
  }

  #end(outcome: DnsOutcome): void {
    this.outcome = outcome;
    this.query = null;
    this.deadline = Infinity;
  }
}
