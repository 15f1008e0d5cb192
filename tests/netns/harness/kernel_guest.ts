/** The guest of kernel_peer.sh: a Debian kernel in QEMU whose WireGuard is a peer in tests. */
import { CommandError, type Result, run } from "./command.ts";
import type { Host } from "./host.ts";
import type { Machine } from "./machine.ts";
import { waitFor } from "./wait.ts";

const SCRIPT = new URL("../kernel_peer.sh", import.meta.url).pathname;
const CONTROL_SOCKETS = 4;
const BOOT_ATTEMPTS = 3;
/** How long its clock is compared with this machine's. */
const CLOCK_CHECK_MS = 1000;
const DEFAULT_TIMEOUT = 120_000;

/** What a guest is to have. */
export interface GuestOptions {
  /** A directory of this machine that it finds at /host, read-only. */
  readonly share?: string;
  /** Memory in MiB; 256 by default. */
  readonly memory?: number;
}

/** Downloads and builds what a guest boots from, unless that is done already. */
export async function buildKernelPeer(): Promise<void> {
  await run([SCRIPT, "build"], { timeout: 900_000 });
}

export class KernelGuest implements Machine {
  #stop: () => Promise<void>;
  #connections: Connection[];
  #idle: Connection[];
  #waiting: ((connection: Connection) => void)[] = [];

  private constructor(
    readonly name: string,
    stop: () => Promise<void>,
    connections: Connection[],
  ) {
    this.#stop = stop;
    this.#connections = connections;
    this.#idle = [...connections];
  }

  /** Boots a guest whose eth0 is wired to a new device `tap` of `host`, in which QEMU runs. */
  static async boot(
    name: string,
    host: Host,
    tap: string,
    options: GuestOptions = {},
  ): Promise<KernelGuest> {
    await buildKernelPeer(); // out here: the host has no way to a package mirror
    for (let attempt = 1;; attempt++) {
      try {
        return await KernelGuest.#bootOnce(name, host, tap, options);
      } catch (error) {
        if (attempt === BOOT_ATTEMPTS) throw error;
        console.warn(`${name}: boot ${attempt} failed, trying again: ${error}`);
      }
    }
  }

  static async #bootOnce(
    name: string,
    host: Host,
    tap: string,
    { share = "", memory = 256 }: GuestOptions,
  ): Promise<KernelGuest> {
    const directory = `/run/${name}`;
    await host.sh(`rm -rf ${directory}; mkdir ${directory}
      ip link show ${tap} >/dev/null 2>&1 || ip tuntap add dev ${tap} mode tap`);
    const qemu = await host.start([SCRIPT, "boot", directory, tap], {
      GUEST_SHARE: share,
      GUEST_MEMORY: String(memory),
    });
    const stop = async () => {
      qemu.kill("SIGKILL");
      await qemu.result;
    };
    let ended: Result | null = null;
    qemu.result.then((result) => ended = result);
    try {
      await waitFor("the guest's boot", async () => {
        if (ended) return true;
        const log = await Deno.readTextFile(host.path(`${directory}/console.log`));
        return log.includes("kernel-peer: ready");
      }, { deadline: 120_000 });
      if (ended) throw new Error(`QEMU ended: ${(ended as Result).stderr}`);
      const connections: Connection[] = [];
      for (let i = 0; i < CONTROL_SOCKETS; i++) {
        const path = host.path(`${directory}/control.${i}`);
        connections.push(new Connection(await Deno.connect({ transport: "unix", path })));
      }
      const guest = new KernelGuest(name, stop, connections);
      await guest.#checkClock();
      return guest;
    } catch (error) {
      if (!ended) await stop();
      throw error;
    }
  }

  /** Its kernel measures the processor at boot, and now and then it is wrong by far on a busy machine. */
  async #checkClock(): Promise<void> {
    const read = async () => {
      const uptime = Number((await this.sh("cat /proc/uptime")).split(" ")[0]);
      return { uptime, now: performance.now() / 1000 };
    };
    const start = await read();
    await new Promise((resolve) => setTimeout(resolve, CLOCK_CHECK_MS));
    const end = await read();
    const rate = (end.uptime - start.uptime) / (end.now - start.now);
    if (rate < 1 / 2 || rate > 2) throw new Error(`the guest's clock has ${rate} times the speed`);
  }

  async sh(script: string, options?: { timeout?: number }): Promise<string> {
    const result = await this.attempt(`set -e\n${script}`, options);
    if (result.code !== 0) throw new CommandError([`${this.name}:`, script], result);
    return result.stdout;
  }

  async attempt(script: string, { timeout = DEFAULT_TIMEOUT } = {}): Promise<Result> {
    const connection = this.#idle.pop() ??
      await new Promise<Connection>((resolve) => this.#waiting.push(resolve));
    try {
      return await connection.execute(script, Math.ceil(timeout / 1000));
    } finally {
      const next = this.#waiting.shift();
      if (next) next(connection);
      else this.#idle.push(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.#stop();
  }
}

/** One control socket: executes one script at a time, see kernel_guest.sh for the protocol. */
class Connection {
  #socket: Deno.UnixConn;
  #buffer = new Uint8Array(0);

  constructor(socket: Deno.UnixConn) {
    this.#socket = socket;
  }

  async execute(script: string, timeout: number): Promise<Result> {
    const nonce = crypto.randomUUID();
    const body = new TextEncoder().encode(script + "\n");
    const head = new TextEncoder().encode(`REQUEST ${nonce} ${timeout} ${body.length}\n`);
    await this.#write(head);
    await this.#write(body);
    let line: string;
    do line = await this.#readLine(); while (!line.startsWith(`REPLY ${nonce} `));
    const [code = 0, stdout = 0, stderr = 0] = line.split(" ").slice(2).map(Number);
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(await this.#readBytes(stdout)),
      stderr: decoder.decode(await this.#readBytes(stderr)),
    };
  }

  close(): void {
    this.#socket.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  async #readLine(): Promise<string> {
    let end: number;
    while ((end = this.#buffer.indexOf(10)) < 0) await this.#fill();
    return new TextDecoder().decode(this.#take(end + 1)).trimEnd();
  }

  async #readBytes(length: number): Promise<Uint8Array> {
    while (this.#buffer.length < length) await this.#fill();
    return this.#take(length);
  }

  async #fill(): Promise<void> {
    const chunk = new Uint8Array(65536);
    const length = await this.#socket.read(chunk);
    if (length === null) throw new Error("The guest closed its control socket");
    const joined = new Uint8Array(this.#buffer.length + length);
    joined.set(this.#buffer);
    joined.set(chunk.subarray(0, length), this.#buffer.length);
    this.#buffer = joined;
  }

  #take(length: number): Uint8Array {
    const taken = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.slice(length);
    return taken;
  }
}
