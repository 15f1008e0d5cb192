/**
 * The program that one of the demo's hosts is: the first process of its namespaces. It does what it is
 * told through its standard input, one JSON object a line, and answers likewise. At the end of its input
 * it ends, and all that it started with it.
 */
import { IpAddress, IpPrefix } from "../../core/ip.ts";
import { Network } from "../../ffi/network.ts";
import { becomeHost } from "./namespaces.ts";
import { Pinger } from "./ping.ts";
import { receive, send, type Transferred } from "./transfer.ts";

/** The wire to the other host. */
export const WIRE = "eth0";
/** Where the host's config is: in a directory that only this host sees. */
const CONFIG_DIRECTORY = "/run/demo";

/** Long enough for a lost handshake message and its repetition. */
const PING_TIMEOUT_MS = 15_000;
const POLL_INTERVAL_MS = 5;

/** How a program ended. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a host can be told to do. */
const ACTIONS = {
  /** Takes the wire into use, as soon as the other host does so too. */
  async connect(address: string): Promise<void> {
    using network = Network.open();
    const { index } = network.getLink(WIRE);
    network.addAddress({ interfaceIndex: index, address: parse(IpPrefix, address) });
    network.changeLink(network.getLink("lo").index, { up: true });
    network.changeLink(index, { up: true });
    while (!network.getLink(index).running) await delay(POLL_INTERVAL_MS);
  },

  /** Whether the kernel has IPv6. */
  hasIpv6(): boolean {
    return exists("/proc/net/if_inet6");
  },

  /** Writes the config of the interface `name`; returns its path. */
  writeConfig(name: string, text: string): string {
    Deno.mkdirSync(CONFIG_DIRECTORY, { mode: 0o700, recursive: true });
    const path = `${CONFIG_DIRECTORY}/${name}.conf`;
    Deno.writeTextFileSync(path, text, { mode: 0o600 });
    return path;
  },

  /** Runs a program of this system in the host. */
  async run(command: readonly string[], stdin = ""): Promise<Finished> {
    const [program = "", ...args] = command;
    const child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  },

  /** Pings `address` so often, or until there is no answer; returns the milliseconds of each. */
  ping(address: string, count: number): number[] {
    using pinger = new Pinger(parse(IpAddress, address));
    const times: number[] = [];
    while (times.length < count) {
      const time = pinger.ping(PING_TIMEOUT_MS);
      if (time === null) break;
      times.push(time);
    }
    return times;
  },

  /** Takes TCP connections at `address`; returns the port. */
  listen(address: string): number {
    listener = Deno.listen({ hostname: address, port: 0 });
    return listener.addr.port;
  },

  /** What came through the first connection to {@linkcode listen}'s port. */
  async received(): Promise<Transferred> {
    if (listener === null) throw new Error("Not listening");
    using listening = listener;
    return await receive(listening);
  },

  /** Sends random bytes to the other host. */
  send: (address: string, port: number, bytes: number): Promise<Transferred> =>
    send(address, port, bytes),

  /** All that a tunnel could leave on this host: interfaces, routes, rules and files. */
  inventory(): string[] {
    using network = Network.open();
    const links = network.listLinks();
    const before = links.filter(({ name }) => name === "lo" || name === WIRE);
    const known = new Set(before.map(({ index }) => index));
    const routes = network.listRoutes().filter((route) => !known.has(route.interfaceIndex ?? 0));
    const rules = [...network.listRules(4), ...network.listRules(6)];
    return [
      ...links.filter(({ index }) => !known.has(index)).map(({ name }) => `interface ${name}`),
      ...routes.map(({ destination, table }) => `route to ${destination} in table ${table}`),
      ...rules.map((rule) => `rule ${JSON.stringify(rule)}`),
      ...filesIn("/run").filter((file) => !file.startsWith(CONFIG_DIRECTORY)),
    ];
  },
};

let listener: Deno.TcpListener | null = null;

/** See {@linkcode ACTIONS}. */
export type Actions = typeof ACTIONS;

/** A line to the host. */
export interface Request {
  readonly id: number;
  readonly action: keyof Actions;
  readonly args: readonly unknown[];
}

/** A line from the host: to the request with that id, or, with id 0, that it is ready. */
export interface Response {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function parse<T>(type: { parse(text: string): T | null }, text: string): T {
  const value = type.parse(text);
  if (value === null) throw new Error(`"${text}" is no address`);
  return value;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function filesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) => {
    const path = `${directory}/${name}`;
    return isDirectory ? filesIn(path) : [`file ${path}`];
  });
}

async function answer({ id, action, args }: Request): Promise<void> {
  try {
    const perform = ACTIONS[action] as (...args: readonly unknown[]) => unknown;
    write({ id, result: await perform(...args) });
  } catch (error) {
    write({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

function write(response: Response): void {
  let bytes: Uint8Array = new TextEncoder().encode(JSON.stringify(response) + "\n");
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

async function main(): Promise<void> {
  try {
    becomeHost();
  } catch (error) {
    write({ id: 0, error: error instanceof Error ? error.message : String(error) });
    return;
  }
  write({ id: 0 });
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) answer(JSON.parse(line) as Request);
  }
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
