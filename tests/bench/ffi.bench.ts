/** What one call to the system costs, by the kind of its arguments, and what is built on it. */
import { Endpoint } from "../../core/endpoint.ts";
import { Arena } from "../../ffi/arena.ts";
import { SystemClock } from "../../ffi/clock.ts";
import { writePacketInfo } from "../../ffi/control_message.ts";
import { EndpointCache } from "../../ffi/endpoint_cache.ts";
import { errno } from "../../ffi/errno.ts";
import { O_CLOEXEC, O_WRONLY } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { PollSet } from "../../ffi/poll.ts";
import { writeSockaddr } from "../../ffi/sockaddr.ts";
import { cString } from "../../ffi/text.ts";
import { UdpSockets } from "../../ffi/udp.ts";
import { UdpReceiver } from "../../ffi/udp_receiver.ts";
import { UdpSender } from "../../ffi/udp_sender.ts";

const BATCH = 64;

const arena = new Arena(8 << 20);
const region = arena.reserve(65536);
const pointer = arena.pointer(region);
const buffer = new Uint8Array(new ArrayBuffer(1500));
const devNull = libc.open(cString("/dev/null"), O_WRONLY | O_CLOEXEC, 0);

Deno.bench("getppid()", { group: "call" }, () => void libc.getppid());
Deno.bench("write(fd, pointer, i32) to /dev/null", { group: "call" }, () => {
  libc.writePointer(devNull, pointer, 1420);
});
Deno.bench("write(fd, buffer, i32) to /dev/null", { group: "call" }, () => {
  libc.write(devNull, buffer, 1420);
});
Deno.bench("sendmmsg of nothing", { group: "call" }, () => void libc.sendmmsg(-1, pointer, 0, 0));
Deno.bench("a failing read and its errno", { group: "call" }, () => {
  if (libc.readPointer(-1, pointer, 1) < 0) errno();
});

const clock = new SystemClock();
const now = { boot: 0, wall: 0 };
Deno.bench("both clocks", { group: "turn" }, () => clock.read(now));
const poll = new PollSet(arena, 4);
Deno.bench("looking at 4 descriptors", { group: "turn" }, () => void poll.wait(0));

const name = region, control = region + 64;
writeSockaddr(arena.memory, name, new Endpoint(Uint8Array.of(127, 0, 0, 1), 51820));
writePacketInfo(arena.memory, control, { address: Uint8Array.of(127, 0, 0, 1), interfaceIndex: 1 });
const cache = new EndpointCache(arena.memory);
Deno.bench("an endpoint from the cache", { group: "endpoint" }, () => {
  cache.lookup(name, control + 16);
});

const from = UdpSockets.open(0, 0), to = UdpSockets.open(0, 0);
const sender = new UdpSender(arena, from);
const receiver = new UdpReceiver(arena, BATCH);
const endpoint = new Endpoint(Uint8Array.of(127, 0, 0, 1), to.port);
const datagrams = {
  count: BATCH,
  offset: (at: number) => region + (at & 31) * 1456,
  length: () => 1452,
  endpoint: () => endpoint,
};
for (const [gso, what] of [[false, "one by one"], [true, "cut by the kernel"]] as const) {
  Deno.bench(`${BATCH} datagrams over loopback, ${what}`, { group: "udp" }, () => {
    sender.gso[4] = sender.gso[6] = gso;
    to.setReceiveOffload(gso);
    sender.send(datagrams, { boot: 0, wall: 0 });
    while (receiver.receive(to.ipv4) > 0);
  });
}
