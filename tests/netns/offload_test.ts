/**
 * Offloads change how fast packets go, and nothing else: all arrives whichever side has which, and inside
 * of the tunnel there is nothing that a network card with the same offloads would not do.
 */
import assert from "node:assert/strict";
import { Chain } from "./harness/chain.ts";
import { drops } from "./harness/drops.ts";
import { Host } from "./harness/host.ts";
import { type Implementation, wgtsWith, WIREGUARD_GO_CURRENT } from "./harness/implementation.ts";
import { capture, CaptureError } from "./harness/inner_capture.ts";
import { type End, type Family, Lab } from "./harness/lab.ts";
import type { Machine } from "./harness/machine.ts";
import { checkPacket, checkTcpFlow } from "./harness/packet_check.ts";
import { wgts } from "./harness/program.ts";
import { ping, transfer } from "./harness/traffic.ts";
import { exchangeUdp, MARKER_SIZE } from "./harness/udp_exchange.ts";
import { pause, waitFor } from "./harness/wait.ts";

const MEGABYTE = 1 << 20;
const MTU = 1420;
/** Up to what fits into an IPv6 packet of that MTU. */
const UDP_SIZES = [1372, 1371, 700, 64, 5, 1372];

const AUTO = wgtsWith("--offload=auto");
const OFF = wgtsWith("--offload=off");

const PAIRS: readonly [Implementation, Implementation][] = [
  [AUTO, AUTO],
  [AUTO, OFF],
  [wgtsWith("--offload=tun"), wgtsWith("--offload=udp-gso,udp-gro")],
  [wgtsWith("--offload=udp-gso"), wgtsWith("--offload=udp-gro")],
  [AUTO, WIREGUARD_GO_CURRENT],
  [OFF, WIREGUARD_GO_CURRENT],
];

function hostOf(machine: Machine): Host {
  assert(machine instanceof Host);
  return machine;
}

async function transferAll(a: End, b: End, bytes: number): Promise<void> {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    for (const family of [4, 6] as const) await transfer(from, to, family, bytes);
  }
}

async function exchangeAll(a: End, b: End): Promise<void> {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    for (const family of [4, 6] as const) {
      const destination = { host: hostOf(to.machine), address: to.inner[family] };
      for (const segmented of [true, false]) {
        await exchangeUdp(hostOf(from.machine), destination, UDP_SIZES, { segmented });
      }
    }
  }
}

for (const [left, right] of PAIRS) {
  const ignore = right.missing ?? false;
  Deno.test(`all arrives from ${left.name} to ${right.name} and back`, { ignore }, async () => {
    await using lab = await Lab.create(left, right);
    const tunnel = await lab.tunnel();
    await tunnel.configure({ initiator: "left", underlay: 4 });
    await transferAll(tunnel.left, tunnel.right, 8 * MEGABYTE);
    await exchangeAll(tunnel.left, tunnel.right);
    await tunnel.configure({ initiator: "left", underlay: 6 });
    await transferAll(tunnel.left, tunnel.right, 2 * MEGABYTE);
    await exchangeAll(tunnel.left, tunnel.right);
  });
}

for (const mtu of [9000, 34_736, 65_456]) {
  Deno.test(`all arrives with an inner MTU of ${mtu}`, async () => {
    await using lab = await Lab.create(AUTO, AUTO);
    const tunnel = await lab.tunnel();
    await tunnel.configure({ initiator: "left", underlay: 4 });
    for (const { machine, device } of [tunnel.left, tunnel.right]) {
      await machine.sh(`ip link set ${device} mtu ${mtu}`);
    }
    await transferAll(tunnel.left, tunnel.right, 8 * MEGABYTE);
    await exchangeAll(tunnel.left, tunnel.right);
    await tunnel.left.machine.sh(
      `ping -n -q -c 2 -i 0.2 -W 20 -M do -s ${mtu - 28} ` +
        tunnel.right.inner[4],
    );
  });
}

async function retransmissions(machine: Machine): Promise<number> {
  const lines = (await machine.sh("grep ^Tcp: /proc/net/snmp")).trim().split("\n");
  const [names = [], values = []] = lines.map((line) => line.split(" "));
  return Number(values[names.indexOf("RetransSegs")]);
}

for (const family of [4, 6] as const) {
  Deno.test(`super-packets are cut into what a sender would send, IPv${family}`, async () => {
    await using lab = await Lab.create(AUTO, OFF);
    const tunnel = await lab.tunnel();
    await tunnel.configure({ initiator: "left", underlay: 4 });
    const { left, right } = tunnel;
    await ping(left, right, family);

    const { packets, lossless } = await captureAgain(async () => {
      const before = await retransmissions(left.machine);
      const [tcp = []] = await capture([right], left, right, family, async () => {
        await transfer(left, right, family, 8 * MEGABYTE);
      });
      const lossless = await retransmissions(left.machine) === before;
      return { packets: tcp.map(checkPacket), lossless };
    });
    assert(packets.every(({ size }) => size <= MTU));
    assert(packets.filter(({ size }) => size === MTU).length > 5000, "nearly all are full");
    assert.equal(checkTcpFlow(packets, lossless), 8 * MEGABYTE);

    let arrived: number[] = [];
    const [udp = []] = await captureAgain(() =>
      capture([right], left, right, family, async () => {
        const destination = { host: hostOf(right.machine), address: right.inner[family] };
        const options = { segmented: true };
        arrived = await exchangeUdp(hostOf(left.machine), destination, UDP_SIZES, options);
      })
    );
    const headers = family === 4 ? 28 : 48;
    const sizes = udp.map(checkPacket).map(({ size }) => size - headers)
      .filter((size) => size !== MARKER_SIZE);
    assert.deepEqual(sizes, arrived);
  });

  Deno.test(`merged packets come apart as they were, IPv${family}`, async () => {
    await using chain = await Chain.create({ left: OFF, middle: [AUTO, OFF], right: OFF });
    const { left, middle, right } = chain;
    await keepFromLosing(chain);
    await ping(left, right, family);
    const hosts = [left, middle, right].map(({ machine }) => hostOf(machine));
    const before = await drops(hosts);
    let lost = 0;
    for (let round = 0, complete = false; !complete && round < MAX_ROUNDS; round++) {
      const [sent, received] = await captureAgain(() => transferMerged(chain, family));
      const missing = assertSubsequences(
        flows(received),
        flows(sent.map((packet) => forwarded(packet, family))),
      );
      complete = missing === 0;
      lost += missing;
      const dropped = await drops(hosts) - before;
      assert(lost <= dropped, `${lost} packets were lost, ${dropped} dropped`);
    }
  });
}

/** So often packets are transferred again of which some were dropped on the way, or not captured. */
const MAX_ROUNDS = 5;

/** Does again what tcpdump missed a part of. */
async function captureAgain<T>(run: () => Promise<T>): Promise<T> {
  for (let round = 1;; round++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof CaptureError) || round === MAX_ROUNDS) throw error;
    }
  }
}

/**
 * Lets a TCP connection have fewer packets under way than any queue takes: those of a TUN are 500 by
 * default, and a process that doesn't run for a while fills them.
 */
async function keepFromLosing({ left, middle, right }: Chain): Promise<void> {
  for (const { machine } of [left, middle, right]) {
    await machine.sh(`for device in wg0 wg1; do
        [ ! -e /proc/sys/net/ipv4/conf/$device ] || ip link set $device txqueuelen 5000
      done`);
  }
  await right.machine.sh("echo 4096 131072 524288 >/proc/sys/net/ipv4/tcp_rmem");
}

/** TCP and UDP from left to right: what left sent, and what right received. */
async function transferMerged(
  { left, middle, right }: Chain,
  family: Family,
): Promise<[sent: Uint8Array[], received: Uint8Array[]]> {
  const before = await packetsReceived(middle);
  const [sent = [], received = []] = await capture([left, right], left, right, family, async () => {
    await inBursts(middle, () => transfer(left, right, family, 8 * MEGABYTE));
    const destination = { host: hostOf(right.machine), address: right.inner[family] };
    const via = [hostOf(middle.machine)];
    for (const segmented of [true, false]) {
      await exchangeUdp(hostOf(left.machine), destination, UDP_SIZES, { segmented, via });
    }
  });
  assert(sent.length > 5000);
  // The middle's kernel got far fewer packets than there were.
  const arrived = await packetsReceived(middle) - before;
  assert(arrived < sent.length / 2, `${arrived} of ${sent.length}`);
  return [sent, received];
}

/**
 * Stops the engine of an end again and again until `work` is done, and lets it go on until it hands over
 * something: what it is sent piles up, however fast it is, and comes in batches.
 */
async function inBursts(end: End, work: () => Promise<void>): Promise<void> {
  const engine = await engineOf(end);
  let isDone = false;
  const working = work().finally(() => isDone = true);
  // Whoever waits for it below gets the error.
  working.catch(() => {});
  while (!isDone) {
    const before = await packetsReceived(end);
    const goesOn = async () => isDone || await packetsReceived(end) > before;
    await waitFor("a packet", goesOn, { interval: 1, deadline: Infinity });
    Deno.kill(engine, "SIGSTOP");
    await pause(20);
    Deno.kill(engine, "SIGCONT");
  }
  await working;
}

/** Packets that an end's interface handed to the kernel so far; of several that were merged, one. */
async function packetsReceived({ machine, device }: End): Promise<number> {
  const table = await Deno.readTextFile(`/proc/${hostOf(machine).pid}/net/dev`);
  const [, received] = new RegExp(`^ *${device}: *\\d+ +(\\d+) `, "m").exec(table) ?? [];
  assert(received !== undefined, table);
  return Number(received);
}

/** A packet after it was forwarded: its time to live, or hop limit, is one less. */
function forwarded(packet: Uint8Array, family: Family): Uint8Array {
  const copy = packet.slice();
  const view = new DataView(copy.buffer);
  if (family === 6) {
    view.setUint8(7, view.getUint8(7) - 1);
    return copy;
  }
  view.setUint8(8, view.getUint8(8) - 1);
  // RFC 1141: the checksum goes up by what the header's word goes down; Linux prefers 0 to 0xffff.
  const sum = view.getUint16(10) + 0x100;
  view.setUint16(10, sum + (sum >= 0xffff ? 1 : 0) & 0xffff);
  return copy;
}

/** The packets of each flow in their order: different flows may overtake each other. */
function flows(packets: readonly Uint8Array[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const packet of packets) {
    const { flow } = checkPacket(packet);
    const list = found.get(flow) ?? [];
    list.push(packet.toHex());
    found.set(flow, list);
  }
  return found;
}

/**
 * The packets of each flow are some of those expected, each as it was and in their order, with nothing
 * between them. Returns how many are missing.
 */
function assertSubsequences(
  actual: Map<string, string[]>,
  expected: Map<string, string[]>,
): number {
  for (const flow of actual.keys()) assert(expected.has(flow), `nobody sent ${flow}`);
  let missing = 0;
  for (const [flow, packets] of expected) {
    let next = 0;
    for (const [at, packet] of (actual.get(flow) ?? []).entries()) {
      const found = packets.indexOf(packet, next);
      const headers = packets.slice(next, next + 3).map((sent) => sent.slice(0, 160)).join("\n");
      assert(
        found >= 0,
        `${flow}, packet ${at}: ${
          packet.slice(0, 160)
        }, none of those from ${next} on:\n${headers}`,
      );
      missing += found - next;
      next = found + 1;
    }
    missing += packets.length - next;
  }
  return missing;
}

/** The engine of a tunnel's end. */
async function engineOf({ machine, device }: End): Promise<number> {
  const host = hostOf(machine);
  for (const pid of await host.processes()) {
    const command = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0");
    if (command.includes("engine") && command.includes(device)) return pid;
  }
  throw new Error(`no engine of ${device} in ${host.name}`);
}

/** A field of `wgts status`; "" when there is none. */
async function statusOf({ machine, device }: End, field: string): Promise<string> {
  const text = await hostOf(machine).run([...wgts(), "status", device]);
  return text.split("\n").map((line) => line.trim()).find((line) => line.startsWith(`${field}: `))
    ?.slice(field.length + 2) ?? "";
}

Deno.test("a route that can't carry joined datagrams gets them one by one", async () => {
  await using lab = await Lab.create(AUTO, AUTO);
  const tunnel = await lab.tunnel();
  await tunnel.configure({ initiator: "left", underlay: 4 });
  const { left, right } = tunnel;
  await left.machine.sh("ip route add 10.77.0.2/32 dev eth0 mtu 1400");
  await transferAll(left, right, 8 * MEGABYTE);
  await exchangeAll(left, right);
  assert.equal(await statusOf(left, "offload udp-gso-ipv4"), "on");
  assert.match(await statusOf(left, "offload udp-gso"), /^off .*refused/);
  assert.equal(await statusOf(right, "offload udp-gso"), "");
});

for (const error of ["EIO", "EMSGSIZE"] as const) {
  Deno.test(`${error} of some sends loses nothing`, async () => {
    await using lab = await Lab.create(AUTO, AUTO);
    const tunnel = await lab.tunnel();
    await tunnel.configure({ initiator: "left", underlay: 4 });
    const { left, right } = tunnel;
    await ping(left, right, 4);
    const strace = new Deno.Command("strace", {
      args: ["-f", "-p", String(await engineOf(left)), "-e", "trace=sendmmsg"]
        .concat(["-e", `inject=sendmmsg:error=${error}:when=5+50`, "-o", "/dev/null"]),
      stdin: "null",
      stderr: "piped",
    }).spawn();
    try {
      await waitFor("the engine to learn", async () => {
        await transfer(left, right, 4, 8 * MEGABYTE);
        return (await statusOf(left, "offload udp-gso")).startsWith("off");
      });
      await transfer(left, right, 6, 8 * MEGABYTE);
    } finally {
      strace.kill("SIGTERM");
      await strace.output();
    }
    assert.equal(await statusOf(left, "offload udp-gso-ipv4"), "on");
    assert.equal(await statusOf(left, "offload udp-gso-ipv6"), "on");
    await exchangeAll(left, right);
  });
}

Deno.test("offloads that the option leaves out are off, and status says why", async () => {
  await using lab = await Lab.create(wgtsWith("--offload=udp-gro"), OFF);
  const { left, right } = await lab.tunnel();
  for (const end of [left, right]) {
    for (const name of ["tun-tso", "tun-uso", "tun-gro-tcp", "tun-gro-udp", "udp-gso-ipv4"]) {
      assert.equal(await statusOf(end, `offload ${name}`), "off (by option)");
    }
  }
  assert.equal(await statusOf(left, "offload udp-gro"), "on");
  assert.equal(await statusOf(right, "offload udp-gro"), "off (by option)");
});
