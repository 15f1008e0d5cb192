import assert from "node:assert/strict";
import { Endpoint } from "../../core/endpoint.ts";
import {
  EndpointSearch,
  FIRST_LOOKUP_PAUSE_MS,
  LAST_LOOKUP_PAUSE_MS,
  type SoughtName,
} from "../../core/endpoint_search.ts";
import { IpAddress } from "../../core/ip.ts";
import { Jitter } from "../../core/jitter.ts";
import { SeededRandom } from "./seeded_random.ts";

const at = (text: string, port = 7) => {
  return new Endpoint(IpAddress.parse(text)?.bytes ?? assert.fail(text), port);
};
const textOf = (endpoint: Endpoint | null) =>
  endpoint && `${IpAddress.fromBytes(endpoint.address)}:${endpoint.port}`;

interface WorldOptions {
  /** The addresses of names, as lookups give them; null for a lookup that fails. */
  readonly dns: Record<string, string[] | null>;
  /** The endpoint and the fallback endpoints: hosts, all with port 7. */
  readonly names?: readonly string[];
  /** Where the peer is at first. */
  readonly endpoint?: string | null;
  /** What is known of the first name's addresses; by default where the peer is. */
  readonly known?: readonly string[];
}

/** A peer that wants a session, with a handshake every five seconds, and virtual time. */
class World {
  now = 1000;
  dns: Record<string, string[] | null>;
  /** Addresses that answer handshakes. */
  answering = new Set<string>();
  readonly peer = {
    endpoint: null as Endpoint | null,
    receivedBytes: 0,
    rivalEndpoints: [] as readonly Endpoint[],
  };
  readonly search: EndpointSearch<World["peer"]>;
  /** What happened: lookups, and where the peer was sought. */
  log: string[] = [];
  /** Where initiations went, with their times in seconds since the start. */
  sent: string[] = [];
  #asked: string[] = [];
  #attempt = 0;
  #nextInitiation = Infinity;

  constructor({ dns, names = ["vpn.example"], endpoint = null, known }: WorldOptions) {
    this.dns = dns;
    this.peer.endpoint = endpoint === null ? null : at(endpoint);
    const [first = "", ...others] = names;
    const sought = (host: string, known: readonly string[]): SoughtName => {
      const isLiteral = IpAddress.parse(host) !== null;
      const addresses = isLiteral ? [host] : known;
      return { host, port: 7, text: `${host}:7`, known: addresses.map((it) => at(it)), isLiteral };
    };
    const random = new SeededRandom(1);
    this.search = new EndpointSearch(
      this.peer,
      [
        sought(first, known ?? (endpoint === null ? [] : [endpoint])),
        ...others.map((host) => sought(host, [])),
      ],
      {
        jitter: new Jitter((target) => random.fill(target)),
        actions: {
          lookUp: (_, host) => {
            this.log.push(`look up ${host}`);
            this.#asked.push(host);
          },
          seek: (_, name, to) => {
            this.peer.endpoint = to;
            this.log.push(`${name} at ${textOf(to)}`);
            if (this.#attempt > 0) this.#nextInitiation = this.now;
          },
        },
      },
    );
    this.search.start(this.now);
  }

  /** The peer begins to want a session. */
  want(): void {
    this.#attempt = 0;
    this.#nextInitiation = this.now;
  }

  /** Lets time pass until `end`, or until `until` holds. */
  run(seconds: number, until = () => false): void {
    for (const end = this.now + seconds * 1000; this.now <= end && !until(); this.now += 50) {
      if (this.search.nextDeadline() <= this.now) this.search.advance(this.now);
      for (const host of this.#asked.splice(0)) {
        const addresses = this.dns[host]?.map((text) => at(text).address) ?? null;
        this.search.onLookedUp(host, addresses, this.now, 1_700_000_000_000 + this.now);
      }
      if (this.#nextInitiation <= this.now) this.#initiate();
    }
  }

  get connected(): boolean {
    return this.#nextInitiation === Infinity && this.peer.receivedBytes > 0;
  }

  #initiate(): void {
    const { endpoint, rivalEndpoints } = this.peer;
    if (endpoint === null) return;
    if (++this.#attempt > 20) {
      this.#nextInitiation = Infinity;
      return this.search.onGivenUp(this.now);
    }
    const tried = [endpoint, ...rivalEndpoints];
    const seconds = Math.floor((this.now - 1000) / 1000);
    this.sent.push(`${seconds}: ${tried.map((it) => IpAddress.fromBytes(it.address)).join(" ")}`);
    this.search.onInitiation(this.now);
    this.#nextInitiation = this.now + 5050;
    const answer = tried.find(({ address }) =>
      this.answering.has(String(IpAddress.fromBytes(address)))
    );
    if (answer === undefined) return;
    this.peer.endpoint = answer;
    this.peer.receivedBytes += 92;
    this.#nextInitiation = Infinity;
    this.search.onHandshake(this.now);
  }
}

Deno.test("while handshakes are answered, nothing is looked up", () => {
  const world = new World({ dns: { "vpn.example": ["192.0.2.2"] }, endpoint: "192.0.2.1" });
  world.answering.add("192.0.2.1");
  for (let i = 0; i < 5; i++) {
    world.want();
    world.run(200);
  }
  assert.deepEqual(world.log, []);
  assert.equal(world.search.nextDeadline(), Infinity);
});

Deno.test("after ten seconds without an answer, the name is looked up and its new address tried", () => {
  const world = new World({ dns: { "vpn.example": ["192.0.2.2"] }, endpoint: "192.0.2.1" });
  world.answering.add("192.0.2.2");
  world.want();
  world.run(60, () => world.connected);
  assert.deepEqual(world.log, ["look up vpn.example", "vpn.example:7 at 192.0.2.2:7"]);
  assert.deepEqual(world.sent, ["0: 192.0.2.1", "5: 192.0.2.1", "10: 192.0.2.2"]);
  assert.equal(world.search.resolvedAt, 1_700_000_000_000 + 11_050);
  world.run(300);
  assert.equal(world.log.length, 2, "it stays with what answers");
});

Deno.test("the other family comes first, then further addresses, then the fallback endpoints", () => {
  const world = new World({
    dns: {
      "vpn.example": ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"],
      "b.example": ["198.51.100.1"],
    },
    names: ["vpn.example", "203.0.113.9", "b.example"],
    endpoint: "192.0.2.1",
  });
  world.want();
  world.run(40);
  assert.deepEqual(world.log, [
    "look up vpn.example",
    "vpn.example:7 at 2001:db8::1:7",
    "vpn.example:7 at 2001:db8::2:7",
    "203.0.113.9:7 at 203.0.113.9:7",
    "look up b.example",
    "b.example:7 at 198.51.100.1:7",
    "look up vpn.example",
    "vpn.example:7 at 192.0.2.1:7",
    "vpn.example:7 at 192.0.2.2:7",
  ]);
  // A family that doesn't work costs no time: initiations go to an address of each.
  assert.deepEqual(world.sent, [
    "0: 192.0.2.1",
    "5: 192.0.2.1",
    "10: 2001:db8::1 192.0.2.2",
    "15: 2001:db8::2 192.0.2.1",
    "20: 203.0.113.9",
    "25: 198.51.100.1",
    "30: 192.0.2.1 2001:db8::1",
    "35: 192.0.2.2 2001:db8::2",
  ]);
});

Deno.test("a new peer with addresses of both families is tried at both at once", () => {
  const known = ["2001:db8::1", "192.0.2.1"];
  const world = new World({ dns: {}, endpoint: "2001:db8::1", known });
  world.answering.add("192.0.2.1");
  world.want();
  world.run(1);
  assert.deepEqual(world.sent, ["0: 2001:db8::1 192.0.2.1"]);
  assert.equal(textOf(world.peer.endpoint), "192.0.2.1:7");
  assert.deepEqual(world.peer.rivalEndpoints, []);
  assert.deepEqual(world.log, []);
});

Deno.test("while nothing answers, lookups become rarer, and all addresses are tried again", () => {
  const world = new World({ dns: { "vpn.example": ["192.0.2.1"] }, endpoint: "192.0.2.1" });
  const times: number[] = [];
  for (let i = 0; i < 40; i++) {
    world.want();
    world.run(20);
    const lookups = world.log.splice(0).filter((line) => line.startsWith("look up")).length;
    for (let j = 0; j < lookups; j++) times.push(world.now);
  }
  assert.ok(times.length > 10 && times.length < 20, `${times.length} lookups in 800 s`);
  assert.equal(textOf(world.peer.endpoint), "192.0.2.1:7");
  world.dns["vpn.example"] = ["192.0.2.2"];
  world.answering.add("192.0.2.2");
  world.want();
  world.run(2 * LAST_LOOKUP_PAUSE_MS / 1000, () => world.connected);
  assert.ok(world.connected);
});

Deno.test("a lookup that fails doesn't end the search", () => {
  const world = new World({
    dns: { "vpn.example": null },
    names: ["vpn.example", "192.0.2.3"],
    endpoint: "192.0.2.1",
    known: ["192.0.2.1", "192.0.2.2"],
  });
  world.want();
  world.run(25);
  assert.deepEqual(world.log.slice(0, 3), [
    "look up vpn.example",
    "vpn.example:7 at 192.0.2.2:7",
    "192.0.2.3:7 at 192.0.2.3:7",
  ]);
});

Deno.test("a peer without an endpoint is looked for until its name has an address", () => {
  const world = new World({ dns: { "vpn.example": null, "b.example": null } });
  world.run(FIRST_LOOKUP_PAUSE_MS / 1000 + 30);
  assert.ok(world.log.length >= 2 && world.log.length <= 4, String(world.log));
  world.dns["vpn.example"] = ["192.0.2.1"];
  world.run(LAST_LOOKUP_PAUSE_MS / 1000 + 1);
  assert.equal(world.log.at(-1), "vpn.example:7 at 192.0.2.1:7");
  world.answering.add("192.0.2.1");
  world.want();
  world.run(1);
  assert.ok(world.connected);
});

Deno.test("a peer that sends something is where it is, though a handshake isn't answered", () => {
  const world = new World({ dns: { "vpn.example": ["192.0.2.2"] }, endpoint: "192.0.2.1" });
  world.want();
  for (let i = 0; i < 60; i++) {
    world.run(1);
    world.peer.receivedBytes += 32;
  }
  assert.deepEqual(world.log, []);
});

Deno.test("on a schedule, a new address is followed, but not when the peer has roamed", () => {
  const world = new World({ dns: { "vpn.example": ["192.0.2.1"] }, endpoint: "192.0.2.1" });
  world.search.lookUpEvery(60_000, world.now);
  world.peer.receivedBytes = 1;
  world.run(130);
  assert.deepEqual(world.log.splice(0), ["look up vpn.example", "look up vpn.example"]);
  world.dns["vpn.example"] = ["192.0.2.2"];
  world.run(60);
  assert.deepEqual(world.log.splice(0), ["look up vpn.example", "vpn.example:7 at 192.0.2.2:7"]);
  world.peer.endpoint = at("198.51.100.7", 1234);
  world.dns["vpn.example"] = ["192.0.2.3"];
  world.run(120);
  assert.deepEqual(world.log.splice(0), ["look up vpn.example", "look up vpn.example"]);
  assert.equal(textOf(world.peer.endpoint), "198.51.100.7:1234");
  world.dns["vpn.example"] = null;
  world.search.lookUpEvery(Infinity, world.now);
  assert.equal(world.search.nextDeadline(), Infinity);
});

Deno.test("handshakes don't put off lookups on a schedule", () => {
  const world = new World({ dns: { "vpn.example": ["192.0.2.1"] }, endpoint: "192.0.2.1" });
  world.search.lookUpEvery(300_000, world.now);
  world.answering.add("192.0.2.1");
  for (let i = 0; i < 6; i++) {
    world.want();
    world.run(120);
  }
  assert.deepEqual(world.log, ["look up vpn.example", "look up vpn.example"]);
});

Deno.test("a fallback endpoint that answers is kept when the name gets another address", () => {
  const world = new World({
    dns: { "vpn.example": ["192.0.2.1"] },
    names: ["vpn.example", "203.0.113.9"],
    endpoint: "192.0.2.1",
  });
  world.search.lookUpEvery(60_000, world.now);
  world.answering.add("203.0.113.9");
  world.want();
  world.run(50, () => world.connected);
  assert.equal(textOf(world.peer.endpoint), "203.0.113.9:7");
  world.dns["vpn.example"] = ["192.0.2.2"];
  world.run(130);
  assert.equal(textOf(world.peer.endpoint), "203.0.113.9:7");
});

Deno.test("an endpoint set by hand to a known address ends the search", () => {
  const world = new World({
    dns: { "vpn.example": ["192.0.2.1", "192.0.2.2"] },
    endpoint: "192.0.2.1",
  });
  world.want();
  world.run(12);
  assert.ok(world.search.knows(at("192.0.2.2")));
  assert.ok(!world.search.knows(at("192.0.2.2", 8)));
  world.peer.endpoint = at("192.0.2.2");
  world.search.onEndpointSet(world.now);
  assert.equal(world.search.nextDeadline(), Infinity);
  world.search.onLookedUp("vpn.example", [at("192.0.2.9").address], world.now, 1);
  assert.equal(textOf(world.peer.endpoint), "192.0.2.2:7", "an answer to nothing");
});

Deno.test("an answer that comes after the peer's moves it no more, nor is it another host's", () => {
  const names = ["vpn.example", "b.example"];
  const world = new World({ dns: {}, names, endpoint: "192.0.2.1" });
  const { search } = world;
  for (let i = 0; i < 2; i++) search.onInitiation(world.now += 5000);
  search.advance(world.now += 5000);
  search.onLookedUp("b.example", [at("192.0.2.8").address], world.now, 1);
  assert.equal(textOf(world.peer.endpoint), "192.0.2.1:7");
  world.peer.receivedBytes = 92;
  search.onHandshake(world.now);
  search.onLookedUp("vpn.example", [at("192.0.2.9").address], world.now, 1);
  assert.equal(textOf(world.peer.endpoint), "192.0.2.1:7");
});

Deno.test("a search without traffic goes on with the schedule", () => {
  const world = new World({ dns: { "vpn.example": null }, endpoint: "192.0.2.1" });
  world.search.lookUpEvery(300_000, world.now);
  world.want();
  world.run(250);
  world.log = [];
  world.dns["vpn.example"] = ["192.0.2.2"];
  world.run(300);
  assert.deepEqual(world.log, ["look up vpn.example", "vpn.example:7 at 192.0.2.2:7"]);
});

Deno.test("a peer that was given a name without an address stays until that has one", () => {
  const world = new World({ dns: { "vpn.example": null }, endpoint: "192.0.2.1", known: [] });
  world.peer.receivedBytes = 92;
  world.run(300);
  assert.equal(textOf(world.peer.endpoint), "192.0.2.1:7");
  const { length } = world.log;
  assert.ok(length >= 6 && length <= 12, `${length} lookups in five minutes`);
  // A handshake with the former endpoint is no reason to forget the new one.
  world.search.onHandshake(world.now);
  world.dns = { "vpn.example": ["192.0.2.2"] };
  world.run(LAST_LOOKUP_PAUSE_MS / 1000 + 1, () => world.log.length > length + 1);
  assert.deepEqual(world.log.slice(length), [
    "look up vpn.example",
    "vpn.example:7 at 192.0.2.2:7",
  ]);
  world.run(300);
  assert.equal(world.log.length, length + 2);
});

Deno.test("a peer that roams while its new name has no address stays where it is", () => {
  const world = new World({ dns: { "vpn.example": null }, endpoint: "192.0.2.1", known: [] });
  world.run(20);
  world.peer.endpoint = at("192.0.2.77");
  world.dns = { "vpn.example": ["192.0.2.2"] };
  world.log = [];
  world.run(300);
  assert.deepEqual(world.log, ["look up vpn.example"]);
  assert.equal(textOf(world.peer.endpoint), "192.0.2.77:7");
});
