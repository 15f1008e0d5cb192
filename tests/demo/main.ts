/**
 * A WireGuard tunnel between two hosts on one machine: two network namespaces, a wg-quick config in each,
 * and real traffic through it. Needs nothing installed but Deno, and leaves nothing behind.
 */
import configuration from "../../deno.json" with { type: "json" };
import type { Finished } from "./host.ts";
import { RemoteHost } from "./remote_host.ts";
import { bold, reportCommand, reportDone, reportFailure } from "./report.ts";

const INTERFACE = "wg0";
const PORT = 51820;
const PINGS = 10;
const TRANSFER_BYTES = 100_000_000;
const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

const COMPILED = Deno.env.get("WGTS");

/** The program that the demo shows: the sources, or the compiled program that WGTS names. */
const WGTS = COMPILED ? [COMPILED] : [Deno.execPath(), "run", "-A", "--quiet", "--no-prompt", MAIN];

/** One end of the tunnel. */
interface Site {
  readonly host: RemoteHost;
  /** The address on the wire. */
  readonly outer: string;
  readonly inner4: string;
  readonly inner6: string;
}

/** A step went wrong. */
class StepError extends Error {
  constructor(readonly step: string, message: string) {
    super(message);
  }
}

/** Why this machine can't run the demo; null when it seems it can. */
function obstacle(): string | null {
  if (Deno.build.os !== "linux") return `The demo needs Linux; this is ${Deno.build.os}.`;
  if (Deno.uid() !== 0) {
    return "The demo creates network namespaces, so it needs root: run it with sudo.";
  }
  try {
    Deno.statSync("/dev/net/tun");
  } catch {
    return "The demo needs /dev/net/tun: `modprobe tun`, or start the container with " +
      "`--privileged`.";
  }
  return null;
}

async function demo(alice: Site, bob: Site): Promise<void> {
  const sites = [alice, bob];
  await step("wire", async () => {
    RemoteHost.wire(alice.host, bob.host);
    await Promise.all(sites.map(({ host, outer }) => host.do("connect", `${outer}/24`)));
    return `${alice.outer} (${alice.host.name}) and ${bob.outer} (${bob.host.name}): ` +
      "two network namespaces, joined by a veth pair";
  });
  const ipv6 = await alice.host.do("hasIpv6");
  const inner = (site: Site) => ipv6 ? [site.inner4, site.inner6] : [site.inner4];
  let config = "";

  await step("config", async () => {
    const [aliceKeys, bobKeys] = await Promise.all([generateKeys(alice), generateKeys(bob)]);
    const presharedKey = await wgts(alice, ["genpsk"]);
    const text = (own: Site, privateKey: string, peer: Site, publicKey: string) =>
      `[Interface]
PrivateKey = ${privateKey}
ListenPort = ${PORT}
Address = ${inner(own).join(", ")}

[Peer]
PublicKey = ${publicKey}
PresharedKey = ${presharedKey}
AllowedIPs = ${inner(peer).join(", ")}
Endpoint = ${peer.outer}:${PORT}
`;
    [config = ""] = await Promise.all([
      alice.host.do("writeConfig", INTERFACE, text(alice, aliceKeys.private, bob, bobKeys.public)),
      bob.host.do("writeConfig", INTERFACE, text(bob, bobKeys.private, alice, aliceKeys.public)),
    ]);
    return `a wg-quick config for each, with keys from wgts genkey, pubkey and genpsk`;
  });

  const before = await Promise.all(sites.map(({ host }) => host.do("inventory")));

  await step("up", async () => {
    await Promise.all(sites.map((site) => wgts(site, ["up", config])));
    return `wgts up ${INTERFACE}, on both`;
  });

  for (const [i, address] of inner(bob).entries()) {
    await step("ping", async () => {
      const times = await alice.host.do("ping", address, PINGS);
      if (times.length < PINGS) throw new Error(`no answer from ${address} through the tunnel`);
      const [first = 0, ...others] = times;
      const sorted = others.sort((a, b) => a - b);
      const median = sorted[sorted.length >> 1] ?? 0;
      const answers = `${PINGS} of ${PINGS} answers from ${address}, in ${milliseconds(median)}`;
      return i > 0 ? answers : `${answers} (the first, after a handshake, ${milliseconds(first)})`;
    });
  }

  await step("transfer", async () => {
    const sentBefore = await sentBytes(alice);
    const port = await bob.host.do("listen", bob.inner4);
    const start = performance.now();
    const [sent, received] = await Promise.all([
      alice.host.do("send", bob.inner4, port, TRANSFER_BYTES),
      bob.host.do("received"),
    ]);
    const seconds = (performance.now() - start) / 1000;
    if (sent.sha256 !== received.sha256 || received.bytes !== TRANSFER_BYTES) {
      throw new Error(`${received.bytes} bytes arrived, with sha256 ${received.sha256}`);
    }
    const tunnelled = await sentBytes(alice) - sentBefore;
    if (tunnelled < TRANSFER_BYTES) throw new Error(`only ${tunnelled} bytes went by the tunnel`);
    const rate = TRANSFER_BYTES * 8 / seconds / 1e6;
    return `${TRANSFER_BYTES / 1e6} MB by TCP in ${seconds.toFixed(1)} s ` +
      `(${rate.toFixed(0)} Mbit/s); sha256 ${sent.sha256.slice(0, 8)}… equal on both`;
  });

  reportCommand(alice.host.name, "wgts show", await wgts(alice, ["show"]) + "\n");

  await step("down", async () => {
    await Promise.all(sites.map((site) => wgts(site, ["down", config])));
    const after = await Promise.all(sites.map(({ host }) => host.do("inventory")));
    const known = new Set(before.flat());
    const left = after.flat().filter((thing) => !known.has(thing));
    if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
    return `wgts down ${INTERFACE}, on both: no interface, route, rule, socket or file is left`;
  });
}

/** Runs a step of the demo, which returns what is to be told of it. */
async function step(name: string, run: () => Promise<string>): Promise<void> {
  try {
    reportDone(name, await run());
  } catch (error) {
    throw new StepError(name, error instanceof Error ? error.message : String(error));
  }
}

/** Runs wgts on a host; returns what it prints, without the last newline. */
async function wgts({ host }: Site, args: readonly string[], stdin?: string): Promise<string> {
  const finished: Finished = await host.do("run", [...WGTS, ...args], stdin);
  if (finished.code !== 0) {
    const { name } = host;
    throw new Error(`wgts ${args.join(" ")} on ${name} failed:\n${finished.stderr.trimEnd()}`);
  }
  return finished.stdout.trimEnd();
}

async function generateKeys(site: Site): Promise<{ private: string; public: string }> {
  const privateKey = await wgts(site, ["genkey"]);
  return { private: privateKey, public: await wgts(site, ["pubkey"], privateKey) };
}

/** What the tunnel's only peer was sent, by its own count. */
async function sentBytes(site: Site): Promise<number> {
  const [, , sent] = (await wgts(site, ["show", INTERFACE, "transfer"])).split("\t");
  return Number(sent);
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

/** Resolves to an exit code when a signal asks the demo to end. */
function interruption(): Promise<number> {
  const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  return new Promise((resolve) => {
    for (const [signal, code] of Object.entries(signals)) {
      Deno.addSignalListener(signal as keyof typeof signals, () => resolve(code));
    }
  });
}

/** Runs the demo to its end or until `interrupted`; returns the exit code. */
async function run(interrupted: Promise<number>): Promise<number> {
  await using alice = await RemoteHost.create("alice");
  await using bob = await RemoteHost.create("bob");
  const finished = demo(
    { host: alice, outer: "192.0.2.1", inner4: "10.10.0.1", inner6: "fd10::1" },
    { host: bob, outer: "192.0.2.2", inner4: "10.10.0.2", inner6: "fd10::2" },
  );
  return await Promise.race([finished.then(() => 0), interrupted]);
}

async function main(): Promise<number> {
  const reason = obstacle();
  if (reason !== null) {
    console.error(reason);
    return 1;
  }
  const interrupted = interruption();
  console.log(bold(`wgts ${configuration.version}: a WireGuard tunnel between two hosts`));
  try {
    const code = await run(interrupted);
    if (code !== 0) {
      reportFailure("stop", "interrupted: both hosts are gone, and the tunnel with them");
    }
    return code;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    reportFailure(error instanceof StepError ? error.step : "hosts", error.message);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
