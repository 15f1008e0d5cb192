import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Arena } from "../../ffi/arena.ts";
import { withEffectiveCapabilities } from "../../ffi/capabilities.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import {
  F_GETFD,
  F_GETFL,
  FD_CLOEXEC,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  POLLIN,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  VIRTIO_NET_HDR_SIZE,
} from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { inNewNetworkNamespace, networkNamespaceOfTun } from "../../ffi/namespace.ts";
import { PollSet } from "../../ffi/poll.ts";
import { cString } from "../../ffi/text.ts";
import { TunDevice } from "../../ffi/tun.ts";
import { setUp } from "./interfaces.ts";
import { rootTest } from "./privileged.ts";
import { denoProgram, outputOf } from "./run_program.ts";

function withTun(name: string, vnetHeader: boolean, body: (tun: TunDevice) => void): void {
  inNewNetworkNamespace(() => {
    const tun = TunDevice.open(name, { vnetHeader });
    try {
      body(tun);
    } finally {
      tun.close();
    }
  });
}

const failsWith = (code: string, pattern: RegExp) => (error: unknown): true => {
  assert(error instanceof SysError);
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

rootTest("a TUN is nonblocking, closed on exec, and names itself", () => {
  withTun("wgf%d", true, (tun) => {
    assert.equal(tun.name, "wgf0");
    assert.equal(tun.vnetHeader, true);
    assert.notEqual(libc.fcntl(tun.fd, F_GETFL, 0) & O_NONBLOCK, 0);
    assert.equal(libc.fcntl(tun.fd, F_GETFD, 0), FD_CLOEXEC);
    assert.equal(tun.setOffload(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), true);
    assert.equal(tun.setOffload(0), true);
    assert.equal(tun.setOffload(1 << 30), false);
  });
});

rootTest("a TUN is recognised by its descriptor alone", () => {
  withTun("wgf1", false, (tun) => {
    const again = TunDevice.fromFd(tun.fd);
    assert.equal(again.name, "wgf1");
    assert.equal(again.vnetHeader, false);
  });
  const fd = libc.open(cString("/dev/null"), O_RDWR | O_CLOEXEC, 0);
  assert.throws(() => TunDevice.fromFd(fd), failsWith("ENOTTY", /file descriptor/));
  libc.close(fd);
});

rootTest("a TUN's errors say what to do", () => {
  withTun("wgf2", true, () => {
    const open = (name: string) => () => TunDevice.open(name, { vnetHeader: true });
    assert.throws(open("wgf2"), failsWith("EBUSY", /"wgf2".*name is in use/));
    assert.throws(open("lo"), failsWith("EINVAL", /another kind exists/));
    for (const name of ["", "sixteen_letters_", "a/b", "a b", "a\0b", "."]) {
      assert.throws(open(name), failsWith("EINVAL", /1 to 15 characters/), name);
    }
  });
});

rootTest("without the capability, the error says which one it takes", () => {
  inNewNetworkNamespace(() => {
    withEffectiveCapabilities([], () => {
      assert.throws(
        () => TunDevice.open("wgf4", { vnetHeader: true }),
        failsWith("EPERM", /needs CAP_NET_ADMIN: run it as root, .*--cap-add NET_ADMIN/),
      );
    });
    TunDevice.open("wgf4", { vnetHeader: true }).close();
  });
});

rootTest("without /dev/net/tun, the error says how to get it", async () => {
  const message = await outputOf(denoProgram("tun_missing.ts"));
  assert.match(message, /^Cannot open \/dev\/net\/tun: No such file or directory \(ENOENT\): /);
  assert.match(message, /modprobe tun.*--device \/dev\/net\/tun.*mknod \/dev\/net\/tun c 10 200/);
});

for (const vnetHeader of [true, false]) {
  rootTest(`the kernel answers a ping through a TUN, vnet header ${vnetHeader}`, () => {
    withTun("wgf3", vnetHeader, (tun) => {
      setUp(tun.name, [10, 9, 9, 1]);
      const arena = new Arena(1 << 18);
      const packet = arena.reserve(2048);
      const pointer = arena.pointer(packet);
      const ip = packet + (vnetHeader ? VIRTIO_NET_HDR_SIZE : 0);
      const request = pingRequest();
      arena.memory.bytes.set(request, ip);
      const length = ip - packet + request.length;
      assert.equal(tun.write(pointer, length), length);

      // The kernel's own IPv6 router solicitations may come first.
      const poll = new PollSet(arena, 1);
      poll.set(0, tun.fd, POLLIN);
      const { bytes } = arena.memory;
      do {
        assert.equal(poll.wait(120_000), 1, "no answer");
        assert(tun.read(pointer, 2048) > 0);
      } while (bytes[ip] !== 0x45);
      assert.deepEqual([...bytes.subarray(ip + 12, ip + 20)], [10, 9, 9, 1, 10, 9, 9, 2]);
      assert.equal(bytes[ip + 20], 0, "echo reply");
      while (tun.read(pointer, 2048) > 0);
      assert.equal(tun.read(pointer, 2048), -Errno.EAGAIN);
    });
  });
}

/** An ICMP echo request from 10.9.9.2 to 10.9.9.1 without data. */
function pingRequest(): Uint8Array {
  const packet = new Uint8Array(28);
  packet.set([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 9, 9, 2, 10, 9, 9, 1, 8, 0, 0, 0]);
  const view = new DataView(packet.buffer);
  view.setUint16(10, checksum(packet.subarray(0, 20)));
  view.setUint16(22, checksum(packet.subarray(20)));
  return packet;
}

function checksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += view.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~(sum + (sum >>> 16)) & 0xffff;
}

rootTest("a TUN interface tells its network namespace, also after it was moved there", async () => {
  const holder = new Deno.Command("unshare", { args: ["--net", "cat"], stdin: "piped" }).spawn();
  try {
    const elsewhere = await waitForNamespace(holder.pid);
    withTun("wgts-ns%d", false, (tun) => {
      assert.equal(networkNamespaceOfTun(tun.fd), inodeOf("/proc/thread-self/ns/net"));
      const args = ["link", "set", tun.name, "netns", String(holder.pid)];
      assert(new Deno.Command("ip", { args }).outputSync().success);
      assert.equal(networkNamespaceOfTun(tun.fd), elsewhere);
    });
  } finally {
    await holder.stdin.close();
    await holder.status;
  }
});

Deno.test("what is no TUN interface has no network namespace", () => {
  assert.equal(networkNamespaceOfTun(-1), 0);
});

const inodeOf = (path: string) => Deno.statSync(path).ino;

/** The network namespace of process `pid`, once it isn't this one's any more. */
async function waitForNamespace(pid: number): Promise<number | null> {
  for (;;) {
    const inode = inodeOf(`/proc/${pid}/ns/net`);
    if (inode !== inodeOf("/proc/self/ns/net")) return inode;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
