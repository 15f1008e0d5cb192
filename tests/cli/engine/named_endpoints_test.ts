import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { parseEndpoint } from "../../../core/config/values.ts";
import type { DeviceEvent } from "../../../core/device_event.ts";
import { Endpoint } from "../../../core/endpoint.ts";
import { IpAddress } from "../../../core/ip.ts";
import {
  type EndpointNames,
  type HostResolver,
  NamedEndpoints,
} from "../../../cli/engine/named_endpoints.ts";
import type { OnLookedUp } from "../../../cli/engine/stub_resolver.ts";
import { type Host, ipv4Packet, Simulation, typeOf, udpEndpoint } from "../../core/sim.ts";

const INITIATION = 1;
const NAME = "vpn.example:51820";

/** Two hosts; `a` knows `b` by a name. */
class World {
  readonly sim = new Simulation();
  readonly a: Host = this.sim.addHost();
  readonly b: Host = this.sim.addHost();
  /** What the name's addresses are; null when that can't be found out. */
  dns: readonly string[] | null = ["192.0.2.2"];
  lookups = 0;
  readonly events: DeviceEvent[] = [];
  readonly #waiting: OnLookedUp[] = [];
  readonly resolver: HostResolver = {
    settings: { nameServers: [], followsSystem: true },
    lookUp: (_host, onLookedUp) => {
      this.lookups++;
      this.#waiting.push(onLookedUp);
    },
    nextDeadline: () => this.#waiting.length > 0 ? -Infinity : Infinity,
    step: () => {
      const addresses = this.dns?.map((text) => IpAddress.parse(text) ?? assert.fail());
      const result = addresses === undefined
        ? { kind: "failed" } as const
        : { kind: "found", addresses } as const;
      for (const onLookedUp of this.#waiting.splice(0)) onLookedUp(result);
    },
    close: () => {},
  };
  readonly named: NamedEndpoints;

  constructor() {
    const { a, b, sim } = this;
    sim.connect(a, b);
    const onEvent = (event: DeviceEvent) => void this.events.push(event);
    this.named = new NamedEndpoints(this.resolver, a.device, sim.now, onEvent);
    a.device.onEvent = (event) => this.named.onEvent(event);
    sim.network.recording = true;
  }

  get peer() {
    return this.a.peer(this.b);
  }

  /** Names the peer's endpoint, which has these addresses. */
  name(addresses: readonly string[], ...fallbacks: string[]): void {
    const [name, ...others] = [NAME, ...fallbacks].map((text) => parseEndpoint(text, () => null));
    assert.ok(name !== undefined);
    const names: EndpointNames["names"] = [name, ...others];
    this.named.set(this.peer, { names, addresses: addresses.map((it) => at(it)) });
  }

  /** Lets seconds pass, in which `a` sends a packet every half second. */
  run(seconds: number, sends = true): void {
    const { a, b, sim, named } = this;
    for (let i = 0; i < seconds * 20; i++) {
      if (sends && i % 10 === 0) a.send(ipv4Packet(a, b, i));
      if (named.nextDeadline() <= sim.now.boot) {
        named.step();
        a.turn();
      }
      sim.run(50);
    }
  }

  /** Where `a` sent initiations to. */
  initiations(): string[] {
    return this.sim.network.log
      .filter(({ from, bytes }) => from.sameRemote(this.a.address) && typeOf(bytes) === INITIATION)
      .map(({ to }) => String(IpAddress.fromBytes(to.address)));
  }

  reresolved(): string[] {
    return this.events.flatMap((event) =>
      event.type === "endpoint-reresolved"
        ? [`${event.name} at ${IpAddress.fromBytes(event.to.address)}`]
        : []
    );
  }
}

function at(text: string, port = 51820): Endpoint {
  return new Endpoint(IpAddress.parse(text)?.bytes ?? assert.fail(text), port);
}

Deno.test("a peer that has moved to another address of its name is found", () => {
  const world = new World();
  world.name(["192.0.2.2"]);
  world.run(3);
  assert.ok(world.b.received.length > 0);
  assert.equal(world.lookups, 0);
  world.b.address = udpEndpoint([192, 0, 2, 22], 51820);
  // It has forgotten its session, and so has nobody to tell that it has moved.
  world.b.device.down(world.sim.now);
  world.b.device.up(world.sim.now);
  world.b.received.length = 0;
  world.dns = ["192.0.2.22"];
  // It takes 15 s until a misses an answer, and 10 s until two initiations stayed unanswered.
  world.run(20);
  assert.equal(world.lookups, 0);
  world.run(7);
  assert.equal(world.lookups, 1);
  assert.ok(world.peer.endpoint?.sameRemote(world.b.address));
  assert.deepEqual(world.reresolved(), [`${NAME} at 192.0.2.22`]);
  assert.ok(world.b.received.length > 0);
  assert.deepEqual(world.named.stateOf(world.peer)?.name, NAME);
  assert.ok((world.named.stateOf(world.peer)?.resolvedAt ?? 0) >= 1_700_000_000);
});

Deno.test("a peer that has roamed and still sends is left where it is", () => {
  const world = new World();
  world.name(["192.0.2.2"]);
  world.run(3);
  world.named.lookUpEvery(30, [world.peer]);
  world.b.address = udpEndpoint([198, 51, 100, 7], 4242);
  world.dns = ["192.0.2.22"];
  // Its answers to initiations get lost, its packets don't.
  world.sim.network.adversary = ({ from, bytes }) =>
    !(from.sameRemote(world.b.address) && typeOf(bytes) < 4);
  for (let i = 0; i < 170; i++) {
    world.b.send(ipv4Packet(world.b, world.a, i));
    world.run(1);
  }
  assert.ok(world.lookups >= 5);
  assert.deepEqual(world.reresolved(), []);
  assert.ok(world.peer.endpoint?.sameRemote(world.b.address));
});

Deno.test("a peer's new address is followed on a schedule, with a new handshake", () => {
  const world = new World();
  world.name(["192.0.2.2"]);
  world.named.lookUpEvery(30, [world.peer]);
  world.run(3);
  world.dns = ["192.0.2.22"];
  world.sim.network.log.length = 0;
  world.run(28);
  assert.deepEqual(world.reresolved(), [`${NAME} at 192.0.2.22`]);
  assert.deepEqual(world.initiations(), ["192.0.2.22"]);
  world.named.lookUpEvery(0, [world.peer]);
  const { lookups } = world;
  world.dns = null;
  world.b.address = udpEndpoint([192, 0, 2, 22], 51820);
  world.run(100);
  assert.equal(world.lookups, lookups);
});

Deno.test("a peer without an endpoint is called as soon as its name has an address", () => {
  const world = new World();
  world.peer.setEndpoint(null);
  world.dns = null;
  world.name([]);
  world.run(3);
  assert.equal(world.b.received.length, 0);
  world.peer.setPersistentKeepaliveInterval(25, world.sim.now);
  world.dns = ["192.0.2.2"];
  world.run(10, false);
  assert.deepEqual(world.reresolved(), [`${NAME} at 192.0.2.2`]);
  assert.deepEqual(world.initiations(), ["192.0.2.2"]);
  world.run(1);
  assert.ok(world.b.received.length > 0);
});

Deno.test("a device that is down isn't made to call anybody", () => {
  const world = new World();
  world.a.device.down(world.sim.now);
  world.peer.setEndpoint(null);
  world.peer.setPersistentKeepaliveInterval(25, world.sim.now);
  world.name([]);
  world.run(10, false);
  assert.deepEqual(world.reresolved(), [`${NAME} at 192.0.2.2`]);
  assert.deepEqual(world.initiations(), []);
  world.a.device.up(world.sim.now);
  world.a.turn();
  assert.deepEqual(world.initiations(), ["192.0.2.2"]);
});

Deno.test("of two families, the one that answers first is taken", () => {
  const world = new World();
  world.peer.setEndpoint(at("2001:db8::2"));
  world.name(["2001:db8::2", "192.0.2.2"]);
  world.run(1);
  assert.deepEqual(world.initiations(), ["2001:db8::2", "192.0.2.2"]);
  const [first, second] = world.sim.network.log;
  assert.deepEqual(first?.bytes, second?.bytes, "it is one initiation");
  assert.ok(world.peer.endpoint?.sameRemote(at("192.0.2.2")));
  assert.ok(world.b.received.length > 0);
  assert.deepEqual(world.peer.rivalEndpoints, []);
});

Deno.test("a fallback endpoint is found, and its name told", () => {
  const world = new World();
  world.b.address = udpEndpoint([203, 0, 113, 9], 7);
  world.name(["192.0.2.2"], "203.0.113.9:7");
  world.run(20);
  assert.deepEqual(world.reresolved(), ["203.0.113.9:7 at 203.0.113.9"]);
  assert.ok(world.b.received.length > 0);
});

Deno.test("a fallback endpoint has a zone only where Linux needs one", () => {
  const world = new World();
  world.b.address = at("2001:db8::9", 7);
  world.name(["192.0.2.2"], "[2001:db8::9%1]:7");
  world.run(20);
  assert.ok(world.peer.endpoint?.sameRemote(world.b.address));
  assert.equal(world.events.some(({ type }) => type === "roamed"), false);
  world.named.set(world.peer, null);
  world.b.address = new Endpoint(at("fe80::9").address, 7, 1);
  world.name(["192.0.2.3"], "[fe80::9%lo]:7");
  world.run(20);
  assert.ok(world.peer.endpoint?.sameRemote(world.b.address));
});

Deno.test("an address set by hand ends the name, unless the name has it", () => {
  const world = new World();
  world.name(["192.0.2.2", "192.0.2.3"]);
  world.peer.setEndpoint(at("192.0.2.3"));
  world.named.onEndpointSet(world.peer);
  assert.notEqual(world.named.stateOf(world.peer), null);
  world.peer.setEndpoint(at("192.0.2.4"));
  world.named.onEndpointSet(world.peer);
  assert.equal(world.named.stateOf(world.peer), null);
  world.run(40);
  assert.equal(world.lookups, 0);
  world.named.onEndpointSet(world.peer);
});

Deno.test("answers for a peer that is gone, or has another name, are ignored", () => {
  const world = new World();
  const { peer } = world;
  peer.setEndpoint(null);
  world.name([]);
  world.named.set(peer, null);
  world.named.step();
  assert.equal(peer.endpoint, null);
  world.name([]);
  world.named.lookUpEvery(1, [peer]);
  world.a.device.removePeer(peer);
  world.named.step();
  assert.equal(peer.endpoint, null);
  world.run(5, false);
  assert.equal(world.named.nextDeadline(), Infinity);
  world.named.close();
});
