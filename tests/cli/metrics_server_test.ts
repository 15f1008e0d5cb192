/** `wgts metrics --listen`, as a process of its own. */
import assert from "node:assert/strict";
import { MetricsServer } from "../../cli/metrics_server.ts";
import { parseExposition } from "../core/status/exposition.ts";
import { rootTest } from "../ffi/privileged.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** What an interface without peers answers, but for the blank line. */
const GET = "listen_port=1\nerrno=0";

/** A running server. */
class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** All that it printed, once it has ended. */
  readonly log: Promise<string>;

  private constructor(child: Deno.ChildProcess, log: Promise<string>, readonly address: string) {
    this.#child = child;
    this.log = log;
  }

  /** Starts one and waits until it says where it listens. */
  static async start(listen: string): Promise<Server> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", MAIN, "metrics", "--listen", listen],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const started = Promise.withResolvers<string>();
    const read = async () => {
      let text = "";
      for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
        text += part;
        const address = /^wgts: serving metrics at (.+)\n/.exec(text)?.[1];
        if (address !== undefined) started.resolve(address);
      }
      started.reject(new Error(`no server: ${text}`));
      return text;
    };
    const log = read();
    return new Server(child, log, await started.promise);
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  /** Sends SIGTERM; resolves to the exit code. */
  async stop(): Promise<number> {
    this.#child.kill("SIGTERM");
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
  }
}

/** Sends `request` and reads until the server closes; null when it resets the connection. */
async function exchange(connection: Deno.Conn, request: string): Promise<string> {
  using _ = connection;
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

Deno.test("the server has one page, which is valid", async () => {
  await using server = await Server.start("0");
  assert.match(server.address, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  for (const path of ["/metrics", "/metrics?x=1"]) {
    const response = await fetch(new URL(path, server.address));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.ok(parseExposition(await response.text()).has("wireguard_unreadable_interfaces"));
  }
  for (const url of [server.address, `${server.address}?x=1`, "HTTP://other/metrics"]) {
    const request = `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await exchange(await Deno.connect({ port: server.port }), request);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/, url);
  }
  for (const url of ["http://x", "http://x/", "http://x/y/metrics", "ftp://x/metrics", "*"]) {
    const request = `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await exchange(await Deno.connect({ port: server.port }), request);
    assert.match(answer, /^HTTP\/1\.1 404 /, url);
  }
  for (const path of ["/", "/metrics/", "/metricsx", "/../metrics/.."]) {
    const response = await fetch(new URL(path, server.address));
    assert.equal(response.status, 404, path);
    await response.body?.cancel();
  }
  const head = await exchange(
    await Deno.connect({ port: server.port }),
    "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
  );
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n[^]*\r\nContent-Length: [1-9][0-9]*\r\n/);
  assert.ok(head.endsWith("\r\n\r\n"), "a head without a body");
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const response = await fetch(server.address, { method });
    assert.equal(response.status, 405, method);
    await response.body?.cancel();
  }
  assert.equal(await server.stop(), 0);
});

Deno.test("what isn't a small HTTP request gets no page", async () => {
  await using server = await Server.start("127.0.0.1:0");
  const send = async (request: string) =>
    await exchange(await Deno.connect({ port: server.port }), request);
  assert.match(await send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(await send("GET /metrics\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(await send("get=1\n\nget /metrics HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 /);
  for (const length of [8192, 60_000]) {
    const long = `GET /metrics HTTP/1.1\r\nX: ${"x".repeat(length)}\r\n\r\n`;
    assert.match(await send(long), /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
  }
  // A client that never ends isn't listened to for long.
  const endless = `GET /metrics HTTP/1.1\r\nX: ${"x".repeat(2 ** 24)}`;
  assert.doesNotMatch(await send(endless).catch(() => ""), /200 OK/);
});

Deno.test("clients that do nothing hold up nobody: the longest idle one makes room", async () => {
  await using server = await Server.start("0");
  const idle: Deno.Conn[] = [];
  try {
    for (let count = 0; count < 300; count++) idle.push(await Deno.connect({ port: server.port }));
    const response = await fetch(server.address);
    await response.body?.cancel();
    assert.equal(response.status, 200);
    const oldest = idle[0];
    assert.equal(await oldest?.read(new Uint8Array(1)).catch(() => null), null);
    const newest = idle.at(-1);
    await newest?.write(new TextEncoder().encode("GET /metrics HTTP/1.0\r\n\r\n"));
    assert.ok((await newest?.read(new Uint8Array(1)) ?? 0) > 0, "the last one has a place");
  } finally {
    idle.forEach((connection) => connection.close());
  }
});

rootTest(
  "why an interface can't be read is logged when that changes, not with each page",
  async () => {
    using socket = new FakeControlSocket(`wgtsm${Deno.pid}`);
    await using server = await Server.start("0");
    for (const answer of ["errno=1", "errno=1", "errno=2", GET, GET, "errno=2"]) {
      socket.otherAnswer = socket.answer = `${answer}\n\n`;
      await (await fetch(server.address)).body?.cancel();
    }
    await server.stop();
    const told = (await server.log).split("\n").filter((line) => line.includes(socket.name));
    assert.deepEqual(
      told,
      [1, 2, 2].map((errno) => `wgts: ${socket.name}: The control socket answered errno ${errno}`),
    );
  },
);

/** Timers that only the test lets expire, in place of those of this thread. */
class HeldTimers implements Disposable {
  readonly #originals = { setTimeout, clearTimeout };
  readonly #waiting = new Map<number, () => void>();

  constructor() {
    let last = 0;
    const setTimeout = (run: () => void) => {
      this.#waiting.set(++last, run);
      return last;
    };
    const clearTimeout = (id: number) => this.#waiting.delete(id);
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }

  /** Lets all expire; returns how many there were. */
  expire(): number {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    waiting.forEach((run) => run());
    return waiting.length;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#originals);
  }
}

/** A server in this process, whose page the test makes once it was asked for. */
function serveLater() {
  const asked = Promise.withResolvers<void>(), page = Promise.withResolvers<string>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const server = new MetricsServer(listener, () => {
    asked.resolve();
    return page.promise;
  });
  return { port, asked, page, server, served: server.serve() };
}

Deno.test("the time that making the page takes isn't the client's, that for taking it is", async () => {
  using timers = new HeldTimers();
  const { port, asked, page, server, served } = serveLater();
  try {
    const stuck = await Deno.connect({ port }), patient = await Deno.connect({ port });
    const request = "GET /metrics HTTP/1.1\r\n\r\n";
    const answer = exchange(patient, request);
    await asked.promise;
    assert.equal(timers.expire(), 1, "of the one that hasn't asked yet");
    assert.equal(await stuck.read(new Uint8Array(1)).catch(() => null), null);
    stuck.close();
    page.resolve("x".repeat(2 ** 25));
    const text = await answer;
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(text.endsWith("xxx"));

    using slow = await Deno.connect({ port });
    await slow.write(new TextEncoder().encode(request));
    await slow.read(new Uint8Array(1));
    assert.equal(timers.expire(), 1, "of the one that doesn't take its answer");
    assert.ok((await new Response(slow.readable).text().catch(() => "")).length < 2 ** 25);
  } finally {
    server.close();
    await served;
  }
});

Deno.test("many may wait while the page is made, and hold up no other answer", async () => {
  const { port, asked, page, server, served } = serveLater();
  try {
    const ask = async () => exchange(await Deno.connect({ port }), "GET /metrics HTTP/1.1\r\n\r\n");
    const answers: Promise<string>[] = [];
    for (let count = 0; count < 200; count++) answers.push(ask());
    await asked.promise;
    const other = await exchange(await Deno.connect({ port }), "GET / HTTP/1.1\r\n\r\n");
    assert.match(other, /^HTTP\/1\.1 404 /);
    page.resolve("page\n");
    for (const answer of await Promise.all(answers)) assert.ok(answer.endsWith("\r\n\r\npage\n"));
  } finally {
    server.close();
    await served;
  }
});

Deno.test("a UNIX socket is for its owner and group, takes a dead one's place, and goes with its server", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/metrics.sock`;
  const request = "GET /metrics HTTP/1.0\r\n\r\n";
  try {
    {
      await using killed = await Server.start(`unix:${path}`);
      assert.equal(killed.address, `unix:${path}`);
    }
    assert.ok(Deno.statSync(path).isSocket, "left by the one that was killed");
    await using server = await Server.start(`unix:${path}`);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o660);
    const connection = await Deno.connect({ transport: "unix", path });
    assert.match(await exchange(connection, request), /^HTTP\/1\.1 200 OK\r\n/);
    await assert.rejects(Server.start(`unix:${path}`), /in use/);
    assert.equal(await server.stop(), 0);
    assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
