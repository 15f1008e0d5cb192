import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { notifyServiceManager } from "../../../cli/system/notify.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from "../../../ffi/layout.ts";
import { libc } from "../../../ffi/libc.ts";

/** What a service manager that listens at a socket of that name hears. */
function heard(name: string, socketAddress: Uint8Array<ArrayBuffer>): string {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    assert.equal(libc.bind(fd, socketAddress, socketAddress.length), 0);
    Deno.env.set("NOTIFY_SOCKET", name);
    notifyServiceManager("READY=1");
    const message = new Uint8Array(64);
    return new TextDecoder().decode(message.subarray(0, libc.recv(fd, message, 64, 0)));
  } finally {
    Deno.env.delete("NOTIFY_SOCKET");
    libc.close(fd);
  }
}

/** A sockaddr_un whose path is exactly these bytes. */
function address(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(AF_UNIX, 0, ...new TextEncoder().encode(path));
}

Deno.test("the service manager is told, by a path or an abstract name", () => {
  const directory = Deno.makeTempDirSync();
  assert.equal(heard(`${directory}/notify`, address(`${directory}/notify\0`)), "READY=1");
  Deno.removeSync(directory, { recursive: true });
  const name = `wgts-test-${crypto.randomUUID()}`;
  assert.equal(heard(`@${name}`, address(`\0${name}`)), "READY=1");
});

Deno.test("without a service manager nothing happens", () => {
  Deno.env.delete("NOTIFY_SOCKET");
  notifyServiceManager("READY=1");
});
