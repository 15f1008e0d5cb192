/** Confines itself as the engine does, and prints what still works and what doesn't. */
import { Endpoint } from "../../../core/endpoint.ts";
import { Arena } from "../../../ffi/arena.ts";
import { errno, errnoName } from "../../../ffi/errno.ts";
import { CLONE_NEWNET, CLONE_NEWUSER, POLLIN } from "../../../ffi/layout.ts";
import { libc } from "../../../ffi/libc.ts";
import { PollSet } from "../../../ffi/poll.ts";
import { confineEngine } from "../../../ffi/sandbox.ts";
import { TunDevice } from "../../../ffi/tun.ts";
import { UdpSockets } from "../../../ffi/udp.ts";
import { UdpReceiver } from "../../../ffi/udp_receiver.ts";
import { UdpSender } from "../../../ffi/udp_sender.ts";
import { setUp } from "../interfaces.ts";
import { threadStatuses } from "../thread_status.ts";

const arena = new Arena(1 << 20);
const tun = TunDevice.open("wgf0", { vnetHeader: true });
setUp("lo");
setUp("wgf0", [10, 9, 9, 1]);
const sockets = UdpSockets.open(0, 0);
const sender = new UdpSender(arena, sockets);
const receiver = new UdpReceiver(arena, 4);
const poll = new PollSet(arena, 2);
poll.set(0, sockets.ipv4, POLLIN);
poll.set(1, tun.fd, POLLIN);

const confinement = confineEngine();

// Data path: a datagram to ourselves, and one into the tunnel, which comes out of the TUN.
const buffer = arena.reserve(2048);
const list = (endpoint: Endpoint) => ({
  count: 1,
  offset: () => buffer,
  length: () => 100,
  endpoint: () => endpoint,
});
const now = { boot: 0, wall: 0 };
const sent = sender.send(list(new Endpoint(Uint8Array.of(127, 0, 0, 1), sockets.port)), now) +
  sender.send(list(new Endpoint(Uint8Array.of(10, 9, 9, 2), 7)), now);
poll.wait(10_000);
const received = receiver.receive(sockets.ipv4);
let packets = 0;
while (tun.read(arena.pointer(buffer), 2048) > 0) packets++;

// Control path: what the engine is told to change later
sockets.setFwmark(51820);
sockets.rebind(700);
// A nonblocking call runs on a thread that is started for it.
const threads = await libc.pollAsync(new Uint8Array(1), 0, 1);

const outcome = (result: number) => result < 0 ? errnoName(errno()) : "allowed";
const isArm64 = Deno.build.arch === "aarch64";
const SIGCHLD = 17;
const denied = {
  execve: libc.execve(new Uint8Array(1), null, null) < 0 ? errnoName(errno()) : "allowed",
  ptrace: outcome(libc.syscall(isArm64 ? 117 : 101, 16, 1, null, 0)),
  bpf: outcome(libc.syscall(isArm64 ? 280 : 321, 0, 0, null, 0)),
  unshare: outcome(libc.unshare(CLONE_NEWUSER)),
  setns: outcome(libc.setns(-1, CLONE_NEWNET)),
  cloneIntoNamespace: outcome(
    libc.syscall(isArm64 ? 220 : 56, CLONE_NEWUSER | SIGCHLD, 0, null, 0),
  ),
  clone3: outcome(libc.syscall(435, 0, 0, null, 0)),
  x32: isArm64 ? "EPERM" : outcome(libc.syscall(0x40000000 | 39, 0, 0, null, 0)),
};
const [unconfined] = threadStatuses().filter((t) => t.NoNewPrivs !== "1" || t.Seccomp !== "2");
console.log(
  JSON.stringify({
    confinement,
    works: { sent, received, packets: packets > 0, port: sockets.port, threads },
    denied,
    unconfined: unconfined ?? null,
  }),
);
Deno.exit(0);
