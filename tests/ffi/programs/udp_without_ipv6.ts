/** Opens UDP sockets where the system has no IPv6, and prints what it got. */
import { Endpoint } from "../../../core/endpoint.ts";
import { Arena } from "../../../ffi/arena.ts";
import { check } from "../../../ffi/errno.ts";
import { AF_INET6, PR_SET_NO_NEW_PRIVS, SYS_seccomp } from "../../../ffi/layout.ts";
import { libc } from "../../../ffi/libc.ts";
import { UdpSockets } from "../../../ffi/udp.ts";
import { type Datagrams, UdpSender } from "../../../ffi/udp_sender.ts";

const EAFNOSUPPORT = 97;

/** Makes socket(AF_INET6, …) fail on this thread as where IPv6 is compiled out. */
function withoutIpv6(): void {
  const sysSocket = Deno.build.arch === "aarch64" ? 198 : 41;
  const filter = Uint16Array.from(
    [
      [0x20, 0, 0], // load the number
      [0x15, 0x0300, sysSocket], // jump 3 on unless it is socket
      [0x20, 0, 16], // load the first argument
      [0x15, 0x0100, AF_INET6], // jump 1 on unless it is AF_INET6
      [0x06, 0, 0x00050000 | EAFNOSUPPORT], // fail
      [0x06, 0, 0x7fff0000], // allow
    ].flatMap(([code = 0, jumps = 0, value = 0]) => [code, jumps, value & 0xffff, value >>> 16]),
  );
  const program = new BigUint64Array([
    BigInt(filter.length / 4),
    BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(filter))),
  ]);
  libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  check("install a filter", libc.syscall(SYS_seccomp, 1, 0, program, 0));
}

withoutIpv6();
const sockets = UdpSockets.open(0, 0);
const arena = new Arena(1 << 20);
const offset = arena.reserve(100);
const sender = new UdpSender(arena, sockets);
const targets = [Uint8Array.of(127, 0, 0, 1), new Uint8Array(16).with(15, 1)];
const datagrams: Datagrams = {
  count: targets.length,
  offset: () => offset,
  length: () => 100,
  endpoint: (at) => new Endpoint(targets[at] ?? new Uint8Array(4), sockets.port),
};
const sent = sender.send(datagrams, { boot: 0, wall: 0 });
const { port } = sockets;
const spare = UdpSockets.open(0, 0);
const free = spare.port;
spare.close();
sockets.rebind(free);
console.log(JSON.stringify({
  ipv6: sockets.ipv6,
  bound: port > 0,
  rebound: sockets.port === free,
  sent,
  refused: sender.refused,
}));
