/**
 * `wgts metrics --listen`: a web server that has one page. It reads no more than one small request per
 * connection, in a few seconds, and closes the idle ones when there are too many.
 *
 * @module
 */
import { formatMetrics, METRICS_CONTENT_TYPE } from "../core/status/metrics.ts";
import { addressText, listen, type ListenAddress, removeSocket } from "./listen_address.ts";
import { printError } from "./output.ts";
import { Interruptions } from "./system/interruption.ts";
import { notifyServiceManager } from "./system/notify.ts";
import { readReport } from "./system/status_report.ts";

/** Bytes of the longest request. */
const MAX_REQUEST_SIZE = 8192;
/** Bytes that are read of a longer one, and thrown away, so that its client reads the answer. */
const MAX_REST_SIZE = 65_536;
/** Connections that are served at the same time; for another one, the longest idle one is closed. */
const MAX_CONNECTIONS = 256;
/** What stands between the head and the body of a request or a response (RFC 9112 section 2.1). */
const END_OF_HEAD = "\r\n\r\n";
/** How long a client may take to send its request, and how long to take the answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** How long to wait when no connection can be accepted, as without free file descriptors. */
const RETRY_MS = 100;

/** Serves until a signal asks for the end. Returns the exit code. */
export async function serveMetrics(address: ListenAddress): Promise<number> {
  using interruptions = new Interruptions();
  const { signal } = interruptions;
  const server = new MetricsServer(listen(address), pageMaker());
  signal.addEventListener("abort", () => server.close());
  printError(`wgts: serving metrics at ${server.address}`);
  notifyServiceManager("READY=1");
  await server.serve();
  if (address.transport === "unix") removeSocket(address.path);
  return 0;
}

/** What a client waits for: to have sent its request, that the page is made, to have got its answer. */
type Phase = "request" | "page" | "answer";

/** A page with its head, in bytes. */
interface Page {
  readonly bytes: Uint8Array;
  readonly headSize: number;
}

/** Serves one page to clients that know as much of HTTP as scrapers do. */
export class MetricsServer {
  readonly #listener: Deno.Listener;
  readonly #makePage: () => Promise<string>;
  /** In the order of their arrival, with what they wait for. */
  readonly #connections = new Map<Deno.Conn, Phase>();
  #closed = false;
  /** The page that is being made: whoever comes meanwhile gets it too. */
  #page: Promise<Page> | null = null;

  /**
   * @param listener closed by {@linkcode close}
   * @param makePage called for each request that comes while it isn't at work
   */
  constructor(listener: Deno.Listener, makePage: () => Promise<string>) {
    this.#listener = listener;
    this.#makePage = makePage;
  }

  /** Where it listens, in words. */
  get address(): string {
    const { addr } = this.#listener;
    if (addr.transport === "unix") return addressText({ transport: "unix", path: addr.path });
    if (addr.transport !== "tcp") return addr.transport;
    const { hostname, port } = addr;
    return `http://${addressText({ transport: "tcp", hostname, port })}/metrics`;
  }

  /** Serves until {@linkcode close} is called. */
  async serve(): Promise<void> {
    while (!this.#closed) {
      try {
        const connection = await this.#listener.accept();
        while (this.#connections.size >= MAX_CONNECTIONS) await this.#makeRoom();
        this.#serveClient(connection);
      } catch {
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Stops at once: clients that wait for an answer get none. */
  close(): void {
    this.#closed = true;
    this.#listener.close();
    for (const connection of this.#connections.keys()) close(connection);
  }

  /**
   * Closes the oldest connection that has sent no request, or else the oldest one that hasn't taken its
   * answer yet. While all wait for the page, so does this.
   */
  async #makeRoom(): Promise<void> {
    const connection = this.#oldest("request") ?? this.#oldest("answer");
    if (connection !== null) {
      this.#connections.delete(connection);
      close(connection);
    } else {
      await this.#page?.catch(() => {});
    }
  }

  #oldest(phase: Phase): Deno.Conn | null {
    for (const [connection, itsPhase] of this.#connections) {
      if (itsPhase === phase) return connection;
    }
    return null;
  }

  async #serveClient(connection: Deno.Conn): Promise<void> {
    this.#connections.set(connection, "request");
    const limitTime = () => setTimeout(() => close(connection), TIMEOUT_MS);
    let timer = limitTime();
    try {
      const request = await readRequest(connection);
      clearTimeout(timer);
      if (request === null) return;
      this.#connections.set(connection, "page");
      const answer = await this.#answer(request);
      this.#connections.set(connection, "answer");
      timer = limitTime();
      await write(connection, answer);
      if (!request.isWhole) await takeRest(connection);
    } catch {
      // The client is gone, or took too long: nobody is there to be told.
    } finally {
      clearTimeout(timer);
      this.#connections.delete(connection);
      close(connection);
    }
  }

  async #answer({ head, isWhole }: Request): Promise<Uint8Array> {
    if (!isWhole) return response("431 Request Header Fields Too Large", "");
    const [line = ""] = head.split("\r\n");
    const match = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(line);
    if (match === null) return response("400 Bad Request", "");
    const [, method, target = ""] = match;
    if (pathOf(target) !== "/metrics") return response("404 Not Found", "See /metrics\n");
    if (method !== "GET" && method !== "HEAD") {
      return response("405 Method Not Allowed", "", ["Allow: GET, HEAD"]);
    }
    try {
      this.#page ??= this.#makePage().then(pageOf).finally(() => this.#page = null);
      const { bytes, headSize } = await this.#page;
      return method === "GET" ? bytes : bytes.subarray(0, headSize);
    } catch (error) {
      printError(`wgts: ${error instanceof Error ? error.message : String(error)}`);
      return response("500 Internal Server Error", "");
    }
  }
}

/** What makes pages; it tells of a problem when that comes up, not with each page. */
function pageMaker(): () => Promise<string> {
  let known: readonly string[] = [];
  return async () => {
    const { report, problems } = await readReport([], 0);
    for (const problem of problems) if (!known.includes(problem)) printError(`wgts: ${problem}`);
    known = problems;
    return formatMetrics(report, problems.length);
  };
}

/** What was read of a request. */
interface Request {
  readonly head: string;
  /** Whether that is all of the head; if not, the request is too long. */
  readonly isWhole: boolean;
}

/** Reads the head of a request; null when it breaks off. */
async function readRequest(connection: Deno.Conn): Promise<Request | null> {
  const buffer = new Uint8Array(MAX_REQUEST_SIZE);
  const decoder = new TextDecoder("latin1");
  for (let length = 0; length < buffer.length;) {
    const count = await connection.read(buffer.subarray(length));
    if (count === null) return null;
    length += count;
    const text = decoder.decode(buffer.subarray(0, length));
    const end = text.indexOf(END_OF_HEAD);
    if (end >= 0) return { head: text.slice(0, end), isWhole: true };
  }
  return { head: "", isWhole: false };
}

/** The path of a request's target, which may be a whole URL (RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  return target.replace(/^http:\/\/[^/?]*/i, "").split("?", 1)[0] ?? "";
}

/**
 * Ends the answer, and reads on: a connection that is closed with something unread is reset, and its
 * client may lose the answer (RFC 9112 section 9.6).
 */
async function takeRest(connection: Deno.Conn): Promise<void> {
  await connection.closeWrite();
  const buffer = new Uint8Array(MAX_REQUEST_SIZE);
  for (let left = MAX_REST_SIZE; left > 0;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    left -= count;
  }
}

function pageOf(body: string): Page {
  const bytes = response("200 OK", body, [`Content-Type: ${METRICS_CONTENT_TYPE}`]);
  return { bytes, headSize: bytes.length - new TextEncoder().encode(body).length };
}

function response(status: string, body: string, headers: readonly string[] = []): Uint8Array {
  const encoder = new TextEncoder();
  const { length } = encoder.encode(body);
  const lines = [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${length}`];
  return encoder.encode(
    [...lines, "Connection: close", "X-Content-Type-Options: nosniff", "", body].join("\r\n"),
  );
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Closes what may be closed already. */
function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is.
  }
}
