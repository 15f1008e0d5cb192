import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Endpoint } from "../../core/endpoint.ts";
import { IpAddress } from "../../core/ip.ts";
import { ClientSocket } from "../../ffi/client_socket.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { SO_BINDTODEVICE, SO_MARK, SOCKADDR_IN, SOL_SOCKET } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { fromCString } from "../../ffi/text.ts";
import { rootTest } from "./privileged.ts";

const remote = new Endpoint(Uint8Array.of(127, 0, 0, 1), 9);

rootTest("a client socket has its mark before it is connected, and never blocks", () => {
  for (const mark of [0, 0xfedcba98]) {
    const socket = ClientSocket.open({ protocol: "udp", remote, mark });
    const value = new Int32Array(1);
    assert.equal(libc.getsockopt(socket.fd, SOL_SOCKET, SO_MARK, value, Int32Array.of(4)), 0);
    assert.equal(value[0], mark | 0);
    assert.equal(socket.receive(new Uint8Array(10)), -Errno.EAGAIN);
    socket.close();
  }
});

rootTest(
  "a client socket is bound to its address and interface, unless it leads to this host",
  () => {
    const binding = { addresses: [IpAddress.fromBytes(remote.address)], interfaceName: "lo" };
    const outside = new Endpoint(Uint8Array.of(192, 0, 2, 1), 9);
    for (const protocol of ["udp", "tcp"] as const) {
      const socket = ClientSocket.open({ protocol, remote: outside, mark: 0, binding });
      const name = new Uint8Array(16);
      const length = Int32Array.of(name.length);
      assert.equal(libc.getsockopt(socket.fd, SOL_SOCKET, SO_BINDTODEVICE, name, length), 0);
      assert.equal(fromCString(name), "lo");
      const local = new Uint8Array(SOCKADDR_IN.SIZE);
      assert.equal(libc.getsockname(socket.fd, local, Int32Array.of(local.length)), 0);
      assert.deepEqual(local.slice(SOCKADDR_IN.ADDRESS, SOCKADDR_IN.ADDRESS + 4), remote.address);
      socket.close();
    }
    const elsewhere = { addresses: [], interfaceName: "wgts-none" };
    ClientSocket.open({ protocol: "udp", remote, mark: 0, binding: elsewhere }).close();
    assert.throws(
      () => ClientSocket.open({ protocol: "udp", remote: outside, mark: 0, binding: elsewhere }),
      (error) => error instanceof SysError && error.errno === Errno.ENODEV,
    );
  },
);

Deno.test("a client socket that is bound to an address reaches nothing of the other family", () => {
  const binding = { addresses: [IpAddress.fromBytes(remote.address)], interfaceName: null };
  const other = new Endpoint(Uint8Array.of(0x20, 1, ...new Array(14).fill(0)), 9);
  assert.throws(
    () => ClientSocket.open({ protocol: "udp", remote: other, mark: 0, binding }),
    (error) => error instanceof SysError && error.errno === Errno.EADDRNOTAVAIL,
  );
});

Deno.test("a client socket that can't be had is an error that tells why", () => {
  // RFC 4291: the unspecified prefix of multicast, where no TCP leads.
  const nowhere = new Endpoint(Uint8Array.of(255, 255, 255, 255), 9);
  assert.throws(
    () => ClientSocket.open({ protocol: "tcp", remote: nowhere, mark: 0 }),
    (error) => error instanceof SysError && error.errno === Errno.ENETUNREACH,
  );
});
