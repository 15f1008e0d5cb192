/**
 * Offloads change how fast packets go, and nothing else: all arrives whichever side has which, and inside
 * of the tunnel there is nothing that a network card with the same offloads would not do.
 */
import assert from "node:assert/strict";
import { Chain } from "./harness/chain.ts";
import { Host } from "./harness/host.ts";
import { type Implementation, wgtsWith, WIREGUARD_GO_CURRENT } from "./harness/implementation.ts";
import { capture } from "./harness/inner_capture.ts";
import { type End, type Family, Lab } from "./harness/lab.ts";
import type { Machine } from "./harness/machine.ts";
import { checkPacket, checkTcpFlow } from "./harness/packet_check.ts";
import { wgts } from "./harness/program.ts";
import { ping, transfer } from "./harness/traffic.ts";
import { exchangeUdp } from "./harness/udp_exchange.ts";
import { waitFor } from "./harness/wait.ts";

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

function exchangeAll(a: End, b: End): void {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    for (const family of [4, 6] as const) {
      const destination = { host: hostOf(to.machine), address: to.inner[family] };
      for (const segmented of [true, false]) {
        exchangeUdp(hostOf(from.machine), destination, UDP_SIZES, { segmented });
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
    exchangeAll(tunnel.left, tunnel.right);
    await tunnel.configure({ initiator: "left", underlay: 6 });
    await transferAll(tunnel.left, tunnel.right, 2 * MEGABYTE);
    exchangeAll(tunnel.left, tunnel.right);
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
    exchangeAll(tunnel.left, tunnel.right);
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

    const before = await retransmissions(left.machine);
    const [tcp = []] = await capture([right], left, right, family, async () => {
      await transfer(left, right, family, 8 * MEGABYTE);
    });
    const lossless = await retransmissions(left.machine) === before;
    const packets = tcp.map(checkPacket);
    assert(packets.every(({ size }) => size <= MTU));
    assert(packets.filter(({ size }) => size === MTU).length > 5000, "nearly all are full");
    assert.equal(checkTcpFlow(packets, lossless), 8 * MEGABYTE);

    const [udp = []] = await capture([right], left, right, family, () => {
      const destination = { host: hostOf(right.machine), address: right.inner[family] };
      exchangeUdp(hostOf(left.machine), destination, UDP_SIZES, { segmented: true });
    });
    const headers = family === 4 ? 28 : 48;
    const sizes = udp.map(checkPacket).map(({ size }) => size - headers).filter((size) =>
      size !== 4
    );
    assert.deepEqual(sizes, UDP_SIZES.flatMap((size) => new Array(60).fill(size)));
  });

  Deno.test(`merged packets come apart as they were, IPv${family}`, async () => {
    await using chain = await Chain.create({ left: OFF, middle: [AUTO, OFF], right: OFF });
    const { left, middle, right } = chain;
    await ping(left, right, family);
    const [sent = [], received = []] = await capture(
      [left, right],
      left,
      right,
      family,
      async () => {
        await transfer(left, right, family, 8 * MEGABYTE);
        const destination = { host: hostOf(right.machine), address: right.inner[family] };
        for (const segmented of [true, false]) {
          exchangeUdp(hostOf(left.machine), destination, UDP_SIZES, { segmented });
        }
      },
    );
    assert(sent.length > 5000);
    // The middle's kernel got far fewer packets than there were.
    const arrived = await packetsReceived(middle);
    assert(arrived < sent.length / 2, `${arrived} of ${sent.length}`);
    for (const packet of received) checkPacket(packet);
    assertSamePackets(flows(received), flows(sent.map((packet) => forwarded(packet, family))));
  });
}

async function packetsReceived({ machine, device }: End): Promise<number> {
  const [link] = JSON.parse(await machine.sh(`ip -json -statistics link show dev ${device}`));
  return link.stats64.rx.packets;
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

function assertSamePackets(actual: Map<string, string[]>, expected: Map<string, string[]>): void {
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
  for (const [flow, packets] of expected) {
    const others = actual.get(flow) ?? [];
    const at = packets.findIndex((packet, i) => packet !== others[i]);
    const headers = (list: string[]) =>
      list.slice(at, at + 3).map((packet) => packet.slice(0, 160));
    if (at >= 0) assert.deepEqual(headers(others), headers(packets), `${flow}, packet ${at}`);
    assert.equal(others.length, packets.length, flow);
  }
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
  exchangeAll(left, right);
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
    exchangeAll(left, right);
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
