import assert from "node:assert/strict";
import type { ControlStream, ControlTarget } from "../../../cli/engine/control_connection.ts";
import {
  CONTROL_POLL_SLOTS,
  type ControlPoll,
  ControlServer,
  IDLE_MS,
  MAX_CONNECTIONS,
} from "../../../cli/engine/control_server.ts";

const EAGAIN = 11;
const LISTENER_FD = 5;
const FIRST_CLIENT_FD = 10;
const GET = new TextEncoder().encode("get=1\n\n");

/** A client that has connected. */
class FakeClient implements ControlStream {
  closed = false;
  answer = "";
  requests: Uint8Array[] = [];
  constructor(readonly fd: number) {}

  read(target: Uint8Array): number {
    const request = this.requests.shift();
    if (request === undefined) return -EAGAIN;
    target.set(request);
    return request.length;
  }

  write(source: Uint8Array): number {
    this.answer += new TextDecoder().decode(source);
    return source.length;
  }

  close(): void {
    this.closed = true;
  }
}

/** A server with its clients and its poll set, in which a client is ready when it has sent something. */
class Scene {
  readonly now = { boot: 10_000, wall: 0 };
  readonly clients: FakeClient[] = [];
  readonly #waiting: FakeClient[] = [];
  readonly #watched = new Map<number, { fd: number; interest: string }>();
  readonly #poll: ControlPoll = {
    watch: (index, fd, interest) => {
      assert.ok(index < CONTROL_POLL_SLOTS);
      if (interest === "nothing") this.#watched.delete(index);
      else this.#watched.set(index, { fd, interest });
    },
    isReady: (index) => {
      const fd = this.#watched.get(index)?.fd;
      if (fd === LISTENER_FD) return this.#waiting.length > 0;
      return this.clients.some((client) => client.fd === fd && client.requests.length > 0);
    },
  };
  readonly server: ControlServer;

  constructor() {
    const target = {
      now: this.now,
      state: { privateKey: null, listenPort: 1, fwmark: 0, peers: [], allowedIps: () => [] },
    } as unknown as ControlTarget;
    const listener = { fd: LISTENER_FD, accept: () => this.#waiting.shift() ?? null };
    this.server = new ControlServer(listener, target, this.#poll);
  }

  connect(): FakeClient {
    const client = new FakeClient(FIRST_CLIENT_FD + this.clients.length);
    this.clients.push(client);
    this.#waiting.push(client);
    return client;
  }

  /** Whether ppoll would return at once. */
  get awake(): boolean {
    return [...this.#watched.keys()].some((index) => this.#poll.isReady(index));
  }

  /** Lets the server work as long as something is ready. */
  run(): void {
    for (let turns = 0; this.awake; turns++) {
      assert.ok(turns < 1000, "the server doesn't come to rest");
      this.server.step(() => false);
    }
  }

  /** Lets time pass until the server wants to be called. */
  sleep(): void {
    assert.notEqual(this.server.nextDeadline(), Infinity);
    this.now.boot = this.server.nextDeadline();
    this.server.step(() => false);
    this.run();
  }
}

Deno.test("control server: clients are served side by side", () => {
  const scene = new Scene();
  const clients = Array.from({ length: MAX_CONNECTIONS }, () => scene.connect());
  scene.run();
  for (const client of clients) client.requests.push(GET);
  scene.run();
  for (const client of clients) assert.equal(client.answer, "listen_port=1\nerrno=0\n\n");
  assert.equal(scene.server.nextDeadline(), Infinity);
});

Deno.test("control server: idle clients make room, the longest idle one first", () => {
  const scene = new Scene();
  const idle = Array.from({ length: MAX_CONNECTIONS }, () => scene.connect());
  scene.run();
  scene.now.boot += 400;
  idle[0]?.requests.push(GET); // so that the next one is the longest idle
  scene.run();
  scene.now.boot += 400;
  const [first, second] = [scene.connect(), scene.connect()];
  for (const client of [first, second]) client.requests.push(GET);
  scene.run();
  assert.ok(idle.every(({ closed }) => !closed), "none was idle for long enough");
  assert.equal(scene.server.nextDeadline(), 10_000 + IDLE_MS);
  scene.sleep();
  assert.deepEqual(idle.flatMap(({ closed }, at) => closed ? [at] : []), [1, 2]);
  assert.equal(first.answer, "listen_port=1\nerrno=0\n\n");
  assert.equal(second.answer, "listen_port=1\nerrno=0\n\n");
  assert.equal(scene.server.nextDeadline(), Infinity, "nobody waits any more");
});

Deno.test("control server: nobody is cut off as long as nobody waits", () => {
  const scene = new Scene();
  const idle = Array.from({ length: MAX_CONNECTIONS }, () => scene.connect());
  scene.run();
  scene.now.boot += 100 * IDLE_MS;
  scene.server.step(() => false);
  assert.equal(scene.server.nextDeadline(), Infinity);
  assert.ok(idle.every(({ closed }) => !closed));
});

Deno.test("control server: a client with something to do isn't cut off", () => {
  const scene = new Scene();
  const clients = Array.from({ length: MAX_CONNECTIONS }, () => scene.connect());
  scene.run();
  const last = scene.connect();
  scene.run();
  scene.now.boot += 2 * IDLE_MS;
  for (const client of clients.slice(0, -1)) client.requests.push(GET);
  scene.server.step(() => false);
  scene.run();
  assert.deepEqual(clients.flatMap(({ closed }, at) => closed ? [at] : []), [MAX_CONNECTIONS - 1]);
  last.requests.push(GET);
  scene.run();
  assert.equal(last.answer, "listen_port=1\nerrno=0\n\n");
});

Deno.test("control server: a client that leaves makes room at once", () => {
  const scene = new Scene();
  const [leaving] = Array.from({ length: MAX_CONNECTIONS }, () => scene.connect());
  scene.run();
  const last = scene.connect();
  last.requests.push(GET);
  scene.run();
  assert.equal(last.answer, "");
  leaving?.requests.push(new TextEncoder().encode("nonsense\n"));
  scene.run();
  assert.ok(leaving?.closed);
  assert.equal(last.answer, "listen_port=1\nerrno=0\n\n");
});
