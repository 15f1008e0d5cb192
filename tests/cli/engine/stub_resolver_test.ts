import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { frameMessage, MessageReader } from "../../../core/dns_client/stream.ts";
import { TYPE_A } from "../../../core/dns_client/message.ts";
import { IpAddress } from "../../../core/ip.ts";
import { UNBOUND } from "../../../core/socket_binding.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { channelPolls } from "../../../cli/engine/channel_poll.ts";
import { RESOLVER_POLL_SLOTS, StubResolver } from "../../../cli/engine/stub_resolver.ts";
import { Arena } from "../../../ffi/arena.ts";
import { PollSet } from "../../../ffi/poll.ts";
import { answerTo, questionOf } from "../../core/dns_client/server.ts";
import { SeededRandom } from "../../core/seeded_random.ts";

const DEADLINE_MS = 120_000;

/** What a server says to a query, in order; each may come from another socket than the one asked. */
type Replies = (query: Uint8Array, protocol: "udp" | "tcp") => (Uint8Array | "elsewhere")[];

/** A name server at 127.0.0.1, by UDP and TCP. */
class NameServer implements AsyncDisposable {
  readonly queries: string[] = [];
  /** The ports that queries came from. */
  readonly ports: number[] = [];
  #udp: Socket;
  #tcp: Server;
  #stranger = createSocket("udp4");
  endpoint!: UapiEndpoint;

  private constructor(replies: Replies) {
    this.#udp = createSocket("udp4", (query, { port, address }) => {
      this.#note(query, "udp");
      this.ports.push(port);
      for (const reply of replies(query, "udp")) {
        if (reply !== "elsewhere") this.#udp.send(reply, port, address);
        else this.#stranger.send(answer(query, ["192.0.2.66"]), port, address);
      }
    });
    this.#tcp = createServer((connection) => {
      const reader = new MessageReader();
      connection.on("error", () => {});
      connection.on("data", (bytes) => {
        reader.push(bytes);
        const query = reader.next();
        if (query === null) return;
        this.#note(query, "tcp");
        for (const reply of replies(query, "tcp")) {
          if (reply === "elsewhere") continue;
          const framed = frameMessage(reply);
          // In two parts, which the reader puts together.
          connection.write(framed.subarray(0, 5));
          setTimeout(() => connection.write(framed.subarray(5)), 20);
        }
      });
    });
  }

  static async start(replies: Replies): Promise<NameServer> {
    const server = new NameServer(replies);
    const listening = Promise.withResolvers<void>();
    server.#tcp.listen(0, "127.0.0.1", () => listening.resolve());
    await listening.promise;
    const { port } = server.#tcp.address() as AddressInfo;
    const bound = Promise.withResolvers<void>();
    server.#udp.bind(port, "127.0.0.1", () => bound.resolve());
    await bound.promise;
    server.endpoint = local(port);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#stranger.close();
    const closed = Promise.withResolvers<void>();
    this.#tcp.close(() => closed.resolve());
    await closed.promise;
  }

  #note(query: Uint8Array, protocol: string): void {
    const { name, type } = questionOf(query);
    this.queries.push(`${protocol} ${name} ${type}`);
  }
}

function local(port: number): UapiEndpoint {
  return { address: IpAddress.parse("127.0.0.1") ?? assert.fail(), port, zone: "" };
}

function answer(query: Uint8Array, addresses: string[], options = {}): Uint8Array {
  const { name, type } = questionOf(query);
  const wanted = addresses.filter((text) => text.includes(":") === (type !== TYPE_A));
  return answerTo(query, wanted.map((data) => ({ name, data })), options);
}

/** A resolver that is driven as an engine does it. */
class Driver implements Disposable {
  readonly #poll = new PollSet(new Arena(1 << 16), RESOLVER_POLL_SLOTS);
  readonly files: Record<string, string> = {};
  readonly resolver: StubResolver;

  constructor(...nameServers: UapiEndpoint[]) {
    const random = new SeededRandom(1);
    this.resolver = new StubResolver({
      poll: channelPolls(this.#poll),
      random: (target) => random.fill(target),
      mark: () => 0,
      binding: UNBOUND,
      readFile: (path) => this.files[path] ?? "",
    });
    this.resolver.settings = { nameServers, followsSystem: false };
  }

  /** The addresses of each host, or null. */
  async lookUp(...hosts: string[]): Promise<(string[] | null)[]> {
    const found: (string[] | null)[] = [];
    let left = hosts.length;
    hosts.forEach((host, index) =>
      this.resolver.lookUp(host, (result) => {
        found[index] = result.kind === "found" ? result.addresses.map(String) : null;
        left--;
      })
    );
    for (const end = performance.now() + DEADLINE_MS; left > 0;) {
      assert.ok(performance.now() < end, `no answer for ${left} of ${hosts}`);
      this.#poll.wait(0);
      this.resolver.step(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.resolver.close();
  }
}

Deno.test("both families are asked for by UDP, from a port of its own each", async () => {
  await using server = await NameServer.start((query) => [answer(query, ["127.0.0.9", "::1"])]);
  using driver = new Driver(server.endpoint);
  assert.deepEqual(await driver.lookUp("vpn.example"), [["::1", "127.0.0.9"]]);
  assert.deepEqual(server.queries.toSorted(), ["udp vpn.example 1", "udp vpn.example 28"]);
  await driver.lookUp("b.example");
  assert.equal(new Set(server.ports).size, 4);
  assert.equal(driver.resolver.nextDeadline(), Infinity);
});

Deno.test("what is truncated is fetched by TCP", async () => {
  await using server = await NameServer.start((query, protocol) => [
    protocol === "udp" ? answer(query, [], { flags: 0x8380 }) : answer(query, ["127.0.0.9"]),
  ]);
  using driver = new Driver(server.endpoint);
  assert.deepEqual(await driver.lookUp("vpn.example"), [["127.0.0.9"]]);
  assert.ok(server.queries.includes("tcp vpn.example 1"));
});

Deno.test("answers from elsewhere, to other questions and with wrong ids are ignored", async () => {
  await using server = await NameServer.start((query) => {
    const { id } = questionOf(query);
    return [
      "elsewhere",
      answer(query, ["192.0.2.66"], { id: id ^ 0x100 }),
      answer(query, ["192.0.2.66"], { question: "other.example" }),
      Uint8Array.of(1, 2, 3),
      answer(query, ["127.0.0.9"]),
    ];
  });
  using driver = new Driver(server.endpoint);
  assert.deepEqual(await driver.lookUp("vpn.example"), [["127.0.0.9"]]);
});

Deno.test("a server that isn't there, or refuses, is passed over at once", async () => {
  await using refusing = await NameServer.start((query) => [answer(query, [], { flags: 0x8185 })]);
  await using server = await NameServer.start((query) => [answer(query, ["127.0.0.9"])]);
  const gone = await NameServer.start(() => []);
  await gone[Symbol.asyncDispose]();
  using driver = new Driver(gone.endpoint, refusing.endpoint, server.endpoint);
  assert.deepEqual(await driver.lookUp("vpn.example"), [["127.0.0.9"]]);
  using helpless = new Driver(gone.endpoint);
  assert.deepEqual(await helpless.lookUp("vpn.example"), [null]);
  using alone = new Driver();
  assert.deepEqual(await alone.lookUp("vpn.example"), [null]);
});

Deno.test("a server that closes the connection, or can't be connected to, is passed over", async () => {
  const flags = 0x8380;
  const gone = await NameServer.start(() => []);
  await gone[Symbol.asyncDispose]();
  // A UDP server whose TCP port is closed.
  const udp = createSocket("udp4", (query, { port, address }) => {
    udp.send(answer(query, [], { flags }), port, address);
  });
  const bound = Promise.withResolvers<void>();
  udp.bind(gone.endpoint.port, "127.0.0.1", () => bound.resolve());
  await bound.promise;
  await using server = await NameServer.start((query) => [answer(query, ["127.0.0.9"])]);
  using driver = new Driver(gone.endpoint, server.endpoint);
  assert.deepEqual(await driver.lookUp("vpn.example"), [["127.0.0.9"]]);
  udp.close();
});

Deno.test("many hosts wait for their turn, and one host is looked up once for all", async () => {
  await using server = await NameServer.start((query) => [answer(query, ["127.0.0.9"])]);
  using driver = new Driver(server.endpoint);
  const hosts = Array.from({ length: 20 }, (_, i) => `host${i % 10}.example`);
  const found = await driver.lookUp(...hosts);
  assert.deepEqual(found, hosts.map(() => ["127.0.0.9"]));
  assert.equal(server.queries.length, 20);
});

Deno.test("/etc/hosts comes first, and resolv.conf's servers only where they may", async () => {
  await using server = await NameServer.start((query) => [answer(query, ["127.0.0.9"])]);
  using driver = new Driver(server.endpoint);
  driver.files["/etc/hosts"] = "127.0.0.7 vpn.example";
  assert.deepEqual(await driver.lookUp("vpn.example"), [["127.0.0.7"]]);
  assert.deepEqual(server.queries, []);
  using lost = new Driver();
  lost.files["/etc/resolv.conf"] = "nameserver 127.0.0.1";
  assert.deepEqual(await lost.lookUp("vpn.example"), [null]);
});

Deno.test("closing ends what is under way", async () => {
  await using server = await NameServer.start(() => []);
  const driver = new Driver(server.endpoint);
  driver.resolver.lookUp("vpn.example", () => assert.fail("told after the end"));
  assert.equal(driver.resolver.nextDeadline(), -Infinity);
  driver.resolver.step(0);
  assert.equal(driver.resolver.nextDeadline(), 2000);
  driver.resolver.close();
  assert.equal(driver.resolver.nextDeadline(), Infinity);
  driver.resolver.step(1e9);
});
