/**
 * A "host" for tests: network, mount and process namespaces of its own, with private /run, /etc and
 * /var/lib/wgts. All that runs in it dies with it, also when the test process is killed.
 */
import { attempt, CommandError, type CommandOptions, type Result, run } from "./command.ts";
import type { Machine } from "./machine.ts";
import { waitFor } from "./wait.ts";

/** The host's first process: it prepares the namespaces, then lives as long as its stdin. */
const INIT = `
set -e
mount -t tmpfs -o mode=755 tmpfs /run
# An /etc of its own, for its resolv.conf
mount -t tmpfs -o mode=755 tmpfs /mnt
cp -a /etc/. /mnt
mount --move /mnt /etc
mkdir -p /etc/wireguard /var/lib/wgts
mount -t tmpfs -o mode=700 tmpfs /etc/wireguard
mount -t tmpfs -o mode=700 tmpfs /var/lib/wgts
ip link set lo up
# No duplicate address detection: an IPv6 address is usable at once.
echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
echo ready
# bash reaps orphans while it reads
read -r
`;

const END_DEADLINE_MS = 60_000;

/** A process of a host, started in the background of a test. */
export interface Process {
  /** Its process id, as seen from outside of the host. */
  readonly pid: number;
  readonly result: Promise<Result>;
  kill(signal: Deno.Signal): void;
}

export class Host implements Machine {
  #holder: Deno.ChildProcess;
  /** The process id of its first process, as seen from outside. */
  readonly pid: number;

  private constructor(readonly name: string, holder: Deno.ChildProcess, pid: number) {
    this.#holder = holder;
    this.pid = pid;
  }

  static async create(name: string): Promise<Host> {
    const holder = new Deno.Command("unshare", {
      args: ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        .concat(["--propagation", "private", "bash", "-c", INIT]),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = holder.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (new TextDecoder().decode(value) !== "ready\n") {
      await holder.status;
      throw new Error(`No namespaces for the host ${name}`);
    }
    return new Host(name, holder, await childOf(holder.pid));
  }

  /** Runs a command in the host and returns what it printed; throws when it fails. */
  async run(command: readonly string[], options?: CommandOptions): Promise<string> {
    const result = await this.try(command, options);
    if (result.code !== 0) throw new CommandError([`${this.name}:`, ...command], result);
    return result.stdout;
  }

  /** Runs a command in the host, whatever its exit code. */
  try(command: readonly string[], options?: CommandOptions): Promise<Result> {
    return attempt([...this.#enter(), ...command], options);
  }

  async sh(script: string, options?: CommandOptions): Promise<string> {
    return await this.run(["bash", "-c", `set -e\n${script}`], options);
  }

  attempt(script: string, options?: CommandOptions): Promise<Result> {
    return this.try(["bash", "-c", script], options);
  }

  /** Starts a command in the host. */
  async start(command: readonly string[], env: Record<string, string> = {}): Promise<Process> {
    const [program = "", ...args] = [...this.#enter(), ...command];
    const child = new Deno.Command(program, {
      args,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const decoder = new TextDecoder();
    const result = child.output().then(({ code, stdout, stderr }) => ({
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    }));
    // nsenter forks to enter the process namespace; signals are for its child.
    const pid = await Promise.race([childOf(child.pid), result.then(() => 0)]);
    return { pid, result, kill: (signal) => killUnlessEnded(pid, signal) };
  }

  /** Where a file of the host is found from outside. */
  path(file: string): string {
    return `/proc/${this.pid}/root${file}`;
  }

  async writeFile(file: string, text: string, mode = 0o600): Promise<void> {
    await Deno.writeTextFile(this.path(file), text, { mode });
  }

  /** The process ids (as seen from outside) of all that runs here, besides its first process. */
  async processes(): Promise<number[]> {
    const namespace = await Deno.readLink(`/proc/${this.pid}/ns/pid`);
    const found: number[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === this.pid) continue;
      try {
        if (await Deno.readLink(`/proc/${pid}/ns/pid`) === namespace) found.push(pid);
      } catch {
        // it ended meanwhile
      }
    }
    return found;
  }

  /** Ends all that runs in the host, and so removes its namespaces. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Its first process ends at the end of its input, all others with it, and its parent reaps it. Were
    // the parent killed at once, process 1 would have to do that, which may take seconds.
    await this.#holder.stdin.close();
    const stuck = setTimeout(() => this.#holder.kill("SIGKILL"), END_DEADLINE_MS);
    await this.#holder.status;
    clearTimeout(stuck);
    await waitFor(`the end of host ${this.name}`, () => isGone(this.pid));
  }

  #enter(): string[] {
    return ["nsenter", `--target=${this.pid}`, "--net", "--mount", "--pid", "--"];
  }
}

/** Sends a signal to a process that may have ended by itself; 0 is none. */
function killUnlessEnded(pid: number, signal: Deno.Signal): void {
  if (pid === 0) return;
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Addresses for the two ends of a wire, with prefix length. */
export interface Addresses {
  readonly left: readonly string[];
  readonly right: readonly string[];
}

/** Connects two hosts by a wire: an interface of the given name in each. */
export async function connect(
  left: Host,
  right: Host,
  addresses: Addresses,
  device = "eth0",
): Promise<void> {
  // Only the network namespace is entered: a peer is named by its process id out here.
  await run(
    ["nsenter", `--net=/proc/${left.pid}/ns/net`, "ip", "link", "add", device, "type", "veth"]
      .concat(["peer", "name", device, "netns", String(right.pid)]),
  );
  await Promise.all([
    left.sh(addressCommands(device, addresses.left)),
    right.sh(addressCommands(device, addresses.right)),
  ]);
  // The kernel adds link-local addresses and their routes when it has seen the carrier.
  const show = `ip -6 -brief address show dev ${device} scope link -tentative`;
  for (const host of [left, right]) {
    await waitFor(`the link of ${host.name}`, async () => (await host.sh(show)).includes("fe80:"));
  }
}

/** The `ip` commands that give a device its addresses and set it up. */
export function addressCommands(device: string, addresses: readonly string[]): string {
  const commands = addresses.map((address) =>
    `ip address add ${address} dev ${device}${address.includes(":") ? " nodad" : ""}`
  );
  return [...commands, `ip link set ${device} up`].join("\n");
}

/** The only child of a process, once it has one. */
async function childOf(pid: number): Promise<number> {
  return await waitFor(`a child of process ${pid}`, async () => {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
    return Number(children.trim().split(" ")[0]);
  }, { interval: 1 });
}

async function isGone(pid: number): Promise<boolean> {
  try {
    await Deno.lstat(`/proc/${pid}`);
    return false;
  } catch {
    return true;
  }
}
