/**
 * Malformed, replayed, truncated and extended datagrams of each message type change nothing: no
 * endpoint, no session, no memory. The environment variable WGTS_TEST_FLOOD gives their number.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { blake2s } from "@noble/hashes/blake2.js";
import assert from "node:assert/strict";
import { Capture, type Captured } from "./harness/capture.ts";
import type { FloodReport, FloodTask, Sample } from "./harness/flood.ts";
import { pathOf } from "./harness/paths.ts";
import { INNER, publicKey, Site } from "./harness/site.ts";
import { snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** Half a million of each of the four message types: enough to see a slow leak. */
const DATAGRAMS = Number(Deno.env.get("WGTS_TEST_FLOOD") ?? 2_000_000);
/** What the engine may grow per million datagrams, once it has its working set. */
const MAX_GROWTH_BYTES = 1_000_000;
/** So many floods, until one has it grow by less. */
const MOST_ROUNDS = 3;

const HOST = "10.77.0.1", REMOTE = "10.77.0.2";
const HOST_PORT = 40404;
const INITIATION = 1, RESPONSE = 2, COOKIE_REPLY = 3, TRANSPORT = 4;

Deno.test(`${DATAGRAMS} bad datagrams change nothing`, async () => {
  await using site = await Site.create();
  await site.writeConfig({ interface: [`ListenPort = ${HOST_PORT}`] });
  await site.wgtsOk("up", "wg0");
  const samples = await collectSamples(site);
  await site.waitForTunnel();

  // From now on the remote host says nothing by itself: keepalives and handshakes change what is compared.
  await site.remote.sh(`nft -f - <<'RULES'
table inet silence {
  chain leaving {
    type filter hook output priority 0;
    oifname eth0 udp sport 51820 drop
  }
}
RULES`);
  const engine = await site.engine();
  const before = await state(site);
  const descriptors = await countDescriptors(engine);
  // What leaks does so each time; a garbage collector that falls behind does not.
  let growth = Infinity;
  for (let round = 0; growth > MAX_GROWTH_BYTES && round < MOST_ROUNDS; round++) {
    growth = growthPerMillion(
      await flood(site, engine, {
        address: HOST,
        port: HOST_PORT,
        receiverPid: site.host.pid,
        count: DATAGRAMS,
        seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
        samples,
      }),
    );
  }
  assert.deepEqual(await state(site), before);
  // A control connection that was closed may have to be noticed first.
  await waitFor("the same descriptors", async () => {
    return await countDescriptors(engine) <= descriptors;
  });
  assert.ok(growth <= MAX_GROWTH_BYTES, `grows by ${Math.round(growth)} bytes per million`);
  await site.remote.sh("nft delete table inet silence");
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
});

/** A genuine message of each type that the remote host has sent to the host. */
async function collectSamples(site: Site): Promise<Sample[]> {
  const capture = await Capture.start(site.remote);
  await site.waitForTunnel(); // the host initiates: a response and transport data come back
  const hostKey = await publicKey(site.keys.host);
  await site.remote.sh(`wg set wg0 peer '${hostKey}' remove
    wg set wg0 peer '${hostKey}' endpoint ${HOST}:${HOST_PORT} \
      allowed-ips ${INNER.host[4]}/32,${INNER.host[6]}/128
    ping -n -q -c 3 -i 0.2 -W 10 ${INNER.host[4]}`); // now the remote host initiates
  const captured = await waitFor("all types of messages", async () => {
    const found = await capture.read();
    return [INITIATION, RESPONSE, TRANSPORT].every((type) => last(found, type, REMOTE)) && found;
  });
  await capture.stop();

  const macKey = [...fromBase64(hostKey)];
  const sample = (type: number, macKey: number[] | null): Sample => ({
    message: [...mustHave(last(captured, type, REMOTE))],
    macKey,
  });
  const initiation = mustHave(last(captured, INITIATION, HOST));
  const cookieReply = answerWithCookie(initiation, fromBase64(site.keys.remotePublic));
  return [
    sample(INITIATION, macKey),
    sample(RESPONSE, macKey),
    { message: [...cookieReply], macKey: null },
    sample(TRANSPORT, null),
  ];
}

/** The cookie reply that the receiver of an initiation would send: whitepaper section 5.4.7. */
function answerWithCookie(initiation: Uint8Array, receiverKey: Uint8Array): Uint8Array {
  const SENDER_INDEX = 4, MAC1 = 116, MAC_SIZE = 16, NONCE_SIZE = 24;
  const reply = new Uint8Array(64);
  reply[0] = COOKIE_REPLY;
  reply.set(initiation.subarray(SENDER_INDEX, SENDER_INDEX + 4), 4);
  const nonce = crypto.getRandomValues(reply.subarray(8, 8 + NONCE_SIZE));
  const label = new TextEncoder().encode("cookie--");
  const key = blake2s(new Uint8Array([...label, ...receiverKey]));
  const mac1 = initiation.subarray(MAC1, MAC1 + MAC_SIZE);
  const cookie = crypto.getRandomValues(new Uint8Array(16));
  reply.set(xchacha20poly1305(key, nonce, mac1).encrypt(cookie), 8 + NONCE_SIZE);
  return reply;
}

interface MemorySample {
  sent: number;
  bytes: number;
}

/** Floods the host and watches the engine's memory meanwhile. */
async function flood(site: Site, engine: number, task: FloodTask): Promise<MemorySample[]> {
  const program = [Deno.execPath(), "run", "-A", "--quiet", pathOf("flood.ts")];
  // Only the network namespace is entered: the program looks into /proc out here.
  const child = new Deno.Command("nsenter", {
    args: [`--net=/proc/${site.remote.pid}/ns/net`, "--", ...program],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(task)));
  await writer.close();

  const memory: MemorySample[] = [];
  let dropped = 0;
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const report: FloodReport = JSON.parse(line);
      memory.push({ sent: report.sent, bytes: await residentBytes(engine) });
      dropped = report.dropped;
    }
  }
  assert.ok((await child.status).success);
  // What the socket had no room for was not tested.
  assert.ok(dropped <= DATAGRAMS / 100, `${dropped} datagrams never reached the engine`);
  return memory;
}

/** What no bad datagram may change. */
async function state(site: Site): Promise<unknown> {
  const show = (field: string) => site.host.run(["wg", "show", "wg0", field]);
  return {
    system: await snapshot(site.host),
    endpoints: await show("endpoints"),
    handshakes: await show("latest-handshakes"),
    allowedIps: await show("allowed-ips"),
    received: (await show("transfer")).split("\t")[1],
    config: await site.host.run(["wg", "showconf", "wg0"]),
  };
}

async function countDescriptors(pid: number): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
}

async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** How memory grows in the second half of a flood, in bytes per million datagrams. */
function growthPerMillion(memory: MemorySample[]): number {
  const half = memory.slice(memory.length / 2);
  const growth = slope(half) * 1_000_000;
  console.log(
    `memory: ${memory[0]?.bytes} bytes at first, ${half[0]?.bytes} half way, ` +
      `${half.at(-1)?.bytes} at the end; ${Math.round(growth)} per million datagrams`,
  );
  return growth;
}

/** The slope of the line that fits best: bytes per datagram. */
function slope(samples: MemorySample[]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const x = mean(samples.map(({ sent }) => sent));
  const y = mean(samples.map(({ bytes }) => bytes));
  let covariance = 0, variance = 0;
  for (const { sent, bytes } of samples) {
    covariance += (sent - x) * (bytes - y);
    variance += (sent - x) ** 2;
  }
  return covariance / variance;
}

function last(captured: Captured[], type: number, source: string): Uint8Array | undefined {
  return captured.findLast((one) => one.type === type && one.source === source)?.message;
}

function mustHave<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a message is missing");
  return value;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
