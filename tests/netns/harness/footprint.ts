/** One interface that wgts serves, and what its engine occupies in memory in different states. */
import { run } from "./command.ts";
import { addressCommands, connect, Host } from "./host.ts";
import { type HandshakesTask, peerSections, type PeerSettings } from "./many_peers.ts";
import { pathOf } from "./paths.ts";
import { waitFor } from "./wait.ts";

const HOST = "10.77.0.1", REMOTE = "10.77.0.2";
const INNER = { host: "10.88.0.1", remote: "10.88.0.2" };
const PORT = 51820;
/** Nobody listens there. */
const SILENT = `${REMOTE}:9`;

/** Resident memory of a process in bytes. */
export interface Resident {
  total: number;
  /** Without what is mapped from files, such as the program itself. */
  anonymous: number;
}

/** The resident memory of a process, given by its id as seen from here. */
export async function residentMemory(pid: number): Promise<Resident> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { total: bytes("VmRSS"), anonymous: bytes("RssAnon") };
}

/** What there is to tell of peers whose handshakes or sessions are to be measured. */
export type PeerState = "configured" | "initiating" | "in session";

/** A host whose interface wg0 is served by a program, and a remote host beside it. */
export class Footprint implements AsyncDisposable {
  #stack: AsyncDisposableStack;
  #peers = 0;

  private constructor(
    readonly host: Host,
    readonly remote: Host,
    /** Process id of the engine as seen from here. */
    readonly engine: number,
    readonly privateKey: string,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  /** Starts an interface without peers; `program` is the command that is wgts. */
  static async create(program: readonly string[]): Promise<Footprint> {
    await using stack = new AsyncDisposableStack();
    const host = stack.use(await Host.create("host"));
    const remote = stack.use(await Host.create("remote"));
    await connect(host, remote, { left: [`${HOST}/24`], right: [`${REMOTE}/24`] });
    const engine = await serve(host, program);
    const privateKey = (await run(["wg", "genkey"])).trim();
    await configure(host, `[Interface]\nPrivateKey = ${privateKey}\nListenPort = ${PORT}\n`);
    await host.sh(addressCommands("wg0", [`${INNER.host}/24`]));
    return new Footprint(host, remote, engine, privateKey, stack.move());
  }

  /** What the engine occupies once it has come to rest. */
  async memory(): Promise<Resident> {
    let last = await residentMemory(this.engine);
    let looks = 0;
    await waitFor("the memory to stay as it is", async () => {
      const now = await residentMemory(this.engine);
      // Once is no rest yet: an engine may have to wait for a processor.
      looks = now.total === last.total ? looks + 1 : 0;
      last = now;
      return looks >= 3;
    }, { interval: 500 });
    return last;
  }

  /** Adds peers in the state wanted. */
  async addPeers(count: number, state: PeerState): Promise<void> {
    const first = this.#peers;
    this.#peers += count;
    const settings: PeerSettings = state === "initiating"
      ? { endpoint: SILENT, persistentKeepalive: 25 }
      : {};
    await configure(this.host, peerSections(first, count, settings), "addconf");
    if (state === "initiating") {
      await waitFor("an initiation to each", async () => {
        const transfer = await this.host.sh("wg show wg0 transfer");
        return transfer.trim().split("\n").every((line) => !line.endsWith("\t0"));
      });
    }
    if (state === "in session") await this.#handshakes(first, count);
  }

  /** Starts an engine in the remote host too, and sends `count` small packets through the tunnel. */
  async sendSmallPackets(program: readonly string[], count: number): Promise<void> {
    const engine = await serve(this.remote, program);
    const privateKey = (await run(["wg", "genkey"])).trim();
    const publicKey = async (key: string) => (await run(["wg", "pubkey"], { stdin: key })).trim();
    await configure(
      this.remote,
      `[Interface]\nPrivateKey = ${privateKey}\n[Peer]\nPublicKey = ${await publicKey(
        this.privateKey,
      )}\nEndpoint = ${HOST}:${PORT}\nAllowedIPs = ${INNER.host}/32\n`,
    );
    await configure(
      this.host,
      `[Peer]\nPublicKey = ${await publicKey(privateKey)}\nAllowedIPs = ${INNER.remote}/32\n`,
      "addconf",
    );
    await this.remote.sh(addressCommands("wg0", [`${INNER.remote}/24`]));
    await this.remote.sh(`ping -n -q -c 1 -W 60 ${INNER.host}`);
    await this.remote.run([Deno.execPath(), "run", "-A", "--quiet", pathOf("small_packets.ts")]
      .concat([INNER.host, "9", String(count), "22"]));
    Deno.kill(engine, "SIGTERM");
  }

  async #handshakes(first: number, count: number): Promise<void> {
    const publicKey = (await run(["wg", "pubkey"], { stdin: this.privateKey })).trim();
    const task: HandshakesTask = { first, count, address: HOST, port: PORT, publicKey };
    const program = [Deno.execPath(), "run", "-A", "--quiet", pathOf("many_peers.ts")];
    const answered = await this.remote.run(program, { stdin: JSON.stringify(task) });
    if (Number(answered) !== count) throw new Error(`${answered} of ${count} handshakes answered`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Serves wg0 in `host`, and returns the engine's process id as seen from here. */
async function serve(host: Host, program: readonly string[]): Promise<number> {
  const engine = await host.start([...program, "run", "--foreground", "wg0"]);
  const ended = engine.result.then(({ stderr }) => {
    throw new Error(`The engine ended: ${stderr}`);
  });
  const serves = waitFor("the interface", async () => {
    return (await host.try(["wg", "show", "wg0"])).code === 0;
  });
  await Promise.race([serves, ended]);
  ended.catch(() => {}); // from now on, that is the tests' matter
  return engine.pid;
}

/** Gives wg0 of `host` a config as `wg` reads it. */
async function configure(
  host: Host,
  text: string,
  command: "setconf" | "addconf" = "setconf",
): Promise<void> {
  await host.writeFile("/run/wg0.conf", text);
  await host.sh(`wg ${command} wg0 /run/wg0.conf`);
}
