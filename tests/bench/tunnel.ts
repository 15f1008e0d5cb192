/** A tunnel between two hosts on one wire, served by what is to be measured. */
import { run } from "../netns/harness/command.ts";
import { addressCommands, connect, Host, type Process } from "../netns/harness/host.ts";
import { waitFor } from "../netns/harness/wait.ts";
import { DIRECT, type Implementation } from "./implementation.ts";

/** An address of each IP version. */
export type Addresses = Readonly<Record<4 | 6, string>>;

const DEVICE = "wg0";
const PORT = 51820;
const MTU = 1420;
const START_DEADLINE_MS = 20_000;
/** The flags of a socket in /proc/net/unix that takes connections. */
const LISTENING = " 00010000 ";

/** One side of a tunnel. */
export interface End {
  readonly host: Host;
  /** The process id of its engine as seen from outside; null where there is none. */
  readonly engine: number | null;
}

/** Keys of one side. */
interface Keys {
  readonly private: string;
  readonly public: string;
}

/** Where the sides are reached on the wire. */
export const OUTER = {
  left: { 4: "10.77.0.1", 6: "fd77::1" },
  right: { 4: "10.77.0.2", 6: "fd77::2" },
} as const;
const INNER = {
  left: { 4: "10.88.0.1", 6: "fd88::1" },
  right: { 4: "10.88.0.2", 6: "fd88::2" },
} as const;

type Side = keyof typeof OUTER;
const OTHER = { left: "right", right: "left" } as const;

/** Both hosts, joined, with the tunnel between them up. */
export class Tunnel implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    readonly implementation: Implementation,
    /** Calls. */
    readonly left: End,
    /** Is called. */
    readonly right: End,
    /** Where the right side is reached through the tunnel. */
    readonly address: Addresses,
    /**
     * Milliseconds from the start of the left side's process to the first answer through the tunnel, with
     * all that must be configured in between; NaN without a tunnel.
     */
    readonly firstPingMs: number,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  /** Makes the hosts and brings the tunnel up. */
  static async create(implementation: Implementation): Promise<Tunnel> {
    await using stack = new AsyncDisposableStack();
    const hosts = {
      left: stack.use(await Host.create("left")),
      right: stack.use(await Host.create("right")),
    };
    await connect(hosts.left, hosts.right, {
      left: [`${OUTER.left[4]}/24`, `${OUTER.left[6]}/64`],
      right: [`${OUTER.right[4]}/24`, `${OUTER.right[6]}/64`],
    });
    if (implementation === DIRECT) {
      const ends = [hosts.left, hosts.right].map((host) => ({ host, engine: null }));
      const [left, right] = ends as [End, End];
      return new Tunnel(implementation, left, right, OUTER.right, NaN, stack.move());
    }
    const keys = { left: await generateKeys(), right: await generateKeys() };
    for (const side of ["left", "right"] as const) {
      await hosts[side].writeFile("/run/wg0.conf", config(side, keys));
    }
    const right = await startEnd(hosts.right, implementation, "right");
    await right.configured;
    // Until the first answer: on a busy machine a single request may get lost.
    const ping = `ping -n -q -c 1 -i 0.01 -w 15 ${
      INNER.right[4]
    } >/dev/null && echo $EPOCHREALTIME`;
    const left = await startEnd(hosts.left, implementation, "left", ping);
    const answered = Number(await left.configured);
    const started = Number(await Deno.readTextFile(hosts.left.path("/run/wg0.started")));
    return new Tunnel(
      implementation,
      left.end,
      right.end,
      INNER.right,
      (answered - started) * 1000,
      stack.move(),
    );
  }

  /** The process ids of the engines. */
  get engines(): number[] {
    return [this.left.engine, this.right.engine].filter((pid) => pid !== null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/**
 * Begins to serve an interface. When that is up with its config, the shell command `then` is run, to
 * whose output `configured` resolves.
 */
async function startEnd(
  host: Host,
  implementation: Implementation,
  side: Side,
  then = ":",
): Promise<{ end: End; configured: Promise<string> }> {
  const { serve } = implementation;
  const note = "echo $EPOCHREALTIME >/run/wg0.started";
  // It waits before there is an interface, and so no start of its own is measured.
  const configured = host.sh(
    `${serve === null ? waitUntilCreated(DEVICE) : waitUntilServed(DEVICE)}
    wg setconf ${DEVICE} /run/wg0.conf
    ip link set ${DEVICE} mtu ${MTU}
    ${addressCommands(DEVICE, [`${INNER[side][4]}/24`, `${INNER[side][6]}/64`])}
    ${then}`,
    { timeout: START_DEADLINE_MS },
  );
  if (serve === null) {
    await host.sh(`${note}; ip link add ${DEVICE} type wireguard`);
    return { end: { host, engine: null }, configured };
  }
  const engine = await startEngine(host, implementation, serve(DEVICE), note);
  return {
    end: { host, engine: engine.pid },
    configured: Promise.race([configured, failure(engine)]),
  };
}

/** Starts an engine, whose process id is the one returned. `before` is a shell command to run first. */
export async function startEngine(
  host: Host,
  { environment = {} }: Implementation,
  command: readonly string[],
  before = ":",
): Promise<Process> {
  const logs = { WG_LOG_FILE: "/run/engine.log", NO_COLOR: "1" };
  return await host.start(
    ["bash", "-c", `${before}; exec "$@"`, "bash", ...command],
    { ...logs, ...environment },
  );
}

/** Ends an engine at once, if it hasn't ended by itself. */
export async function stopEngine(engine: Process): Promise<void> {
  try {
    engine.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  await engine.result;
}

/** Rejects when the engine has ended, with its last words. */
async function failure(engine: Process): Promise<never> {
  const { code, stderr, stdout } = await engine.result;
  throw new Error(`The engine ended with exit code ${code}: ${(stderr + stdout).trim()}`);
}

/**
 * Whether a control socket of `device` takes connections, by the text of /proc/net/unix. Just to try it
 * is no way to find out: `wg` deletes a socket that refuses a connection, as one does for a moment
 * before its owner listens.
 */
function isServed(sockets: string, device: string): boolean {
  return sockets.split("\n").some((line) =>
    line.includes(LISTENING) && line.endsWith(`/${device}.sock`)
  );
}

/** A shell loop until the interface is there. */
function waitUntilCreated(device: string): string {
  return `until ip link show ${device} >/dev/null 2>&1; do sleep 0.001; done`;
}

/** The same as a loop of bash, which starts no process: that would slow down what it waits for. */
function waitUntilServed(device: string): string {
  return `exec 9<> <(:)
    until [[ $sockets =~ ${LISTENING.replaceAll(" ", "\\ ")}[^$'\\n']*/${device}\\.sock ]]; do
      read -rt 0.001 -u 9 || true
      mapfile lines </proc/net/unix
      sockets="\${lines[*]}"
    done`;
}

/** Waits until `engine` serves `device`. Rejects when it ends instead, with its last words. */
export async function waitForInterface(
  host: Host,
  engine: Process,
  device: string,
): Promise<void> {
  let ended = false;
  const ending = failure(engine).finally(() => ended = true);
  const served = waitFor(`the interface ${device}`, async () => {
    return ended || isServed(await Deno.readTextFile(`/proc/${host.pid}/net/unix`), device);
  }, { deadline: START_DEADLINE_MS, interval: 5 });
  await Promise.race([served, ending]);
}

function config(side: Side, keys: Readonly<Record<Side, Keys>>): string {
  const other = OTHER[side];
  return `[Interface]
PrivateKey = ${keys[side].private}
ListenPort = ${PORT}
[Peer]
PublicKey = ${keys[other].public}
AllowedIPs = ${INNER[other][4]}/32, ${INNER[other][6]}/128
Endpoint = ${OUTER[other][4]}:${PORT}
`;
}

async function generateKeys(): Promise<Keys> {
  const privateKey = (await run(["wg", "genkey"])).trim();
  return {
    private: privateKey,
    public: (await run(["wg", "pubkey"], { stdin: privateKey })).trim(),
  };
}
