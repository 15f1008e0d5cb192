import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Endpoint } from "../../core/endpoint.ts";
import { ClientSocket } from "../../ffi/client_socket.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { SO_MARK, SOL_SOCKET } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
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

Deno.test("a client socket that can't be had is an error that tells why", () => {
  // RFC 4291: the unspecified prefix of multicast, where no TCP leads.
  const nowhere = new Endpoint(Uint8Array.of(255, 255, 255, 255), 9);
  assert.throws(
    () => ClientSocket.open({ protocol: "tcp", remote: nowhere, mark: 0 }),
    (error) => error instanceof SysError && error.errno === Errno.ENETUNREACH,
  );
});
