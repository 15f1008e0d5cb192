import { Endpoint } from "../../../core/endpoint.ts";
import { inNetworkNamespace } from "../../../ffi/namespace.ts";
import { generateKeyPairs, type KeyPair } from "../handshake/keys.ts";
import { HandshakeLoad } from "../handshake/load.ts";
import { readRestingMemory, readThreadsCpu } from "../proc.ts";
import { OUTER, startEngine, stopEngine, waitForInterface } from "../tunnel.ts";
import type { MeasureContext, Values } from "./context.ts";

const DEVICE = "wg1";
const PORT = 51821;
/** How many peers the responder gets at once, to see what they occupy. */
const PEERS = 1000;
/** How many of them shake hands. */
const INITIATORS = 256;
/** Handshakes of each of these before the measurement: caches are filled, code is compiled. */
const WARM_UP_ROUNDS = 2;
const WARM_UP_DEADLINE_MS = 6000;
const SECONDS = 1;
/** With fewer handshakes than that the figure would mean nothing. */
const LEAST = 20;

/** What a thousand peers occupy and what a handshake costs, with an engine of its own. */
export async function measureResponder(context: MeasureContext): Promise<Values> {
  const { implementation, tunnel } = context;
  const { host } = tunnel.right;
  const engine = await startEngine(host, implementation, implementation.serve?.(DEVICE) ?? []);
  try {
    await waitForInterface(host, engine, DEVICE);
    await host.sh(`ip link set ${DEVICE} up`);
    const [responder, first, ...others] = generateKeyPairs(1 + PEERS);
    if (responder === undefined || first === undefined) throw new Error("unreachable");
    await setPeers(context, responder, [first]);
    const before = await readRestingMemory(engine.pid);
    await setPeers(context, responder, [first, ...others]);
    const after = await readRestingMemory(engine.pid);
    const callers = [first, ...others].slice(0, INITIATORS);
    return {
      rss_1000_peers: after.total - before.total,
      handshake_cpu: await handshakeCpu(context, engine.pid, responder, callers),
    };
  } finally {
    await stopEngine(engine);
  }
}

async function setPeers(
  { tunnel: { right: { host } } }: MeasureContext,
  { privateText }: KeyPair,
  peers: readonly KeyPair[],
): Promise<void> {
  const sections = peers.map(({ publicText }, at) =>
    `[Peer]\nPublicKey = ${publicText}\nAllowedIPs = 10.100.${at >> 8}.${at & 255}/32\n`
  );
  await host.writeFile(
    "/run/wg1.conf",
    `[Interface]\nPrivateKey = ${privateText}\nListenPort = ${PORT}\n${sections.join("")}`,
  );
  await host.sh(`wg setconf ${DEVICE} /run/wg1.conf; wg show ${DEVICE} peers >/dev/null`);
}

/** Microseconds of the responder's CPU time for each handshake that is completed. */
async function handshakeCpu(
  { tunnel }: MeasureContext,
  engine: number,
  responder: KeyPair,
  callers: readonly KeyPair[],
): Promise<number> {
  const address = new Uint8Array(OUTER.right[4].split(".").map(Number));
  const privateKeys = callers.map((caller) => caller.private);
  using load = inNetworkNamespace(
    `/proc/${tunnel.left.host.pid}/ns/net`,
    () => new HandshakeLoad(privateKeys, responder.public, new Endpoint(address, PORT)),
  );
  const deadline = performance.now() + WARM_UP_DEADLINE_MS;
  await load.run(() =>
    load.result.completed >= WARM_UP_ROUNDS * callers.length || performance.now() > deadline
  );
  const cpuBefore = await readThreadsCpu(engine);
  const before = load.result;
  const end = performance.now() + SECONDS * 1000;
  await load.run(() => performance.now() >= end);
  const cpu = await readThreadsCpu(engine) - cpuBefore;
  const completed = load.result.completed - before.completed;
  if (completed < LEAST) {
    throw new Error(`only ${completed} handshakes were completed: ${JSON.stringify(load.result)}`);
  }
  return cpu / completed * 1e6;
}
