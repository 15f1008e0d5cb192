import assert from "node:assert/strict";
import "../../ffi/bind_libc.ts";
import { changeInterface } from "../../../cli/wg_change.ts";
import { getInterface } from "../../../cli/system/interfaces.ts";
import { kernelHasWireguard } from "../../../cli/system/kernel_interface.ts";
import { listKernelInterfaces } from "../../../cli/system/kernel_links.ts";
import { decodeLink, dumpLinks } from "../../../core/netlink/link.ts";
import { Errno, SysError } from "../../../ffi/errno.ts";
import { inNewNetworkNamespace } from "../../../ffi/namespace.ts";
import { Network } from "../../../ffi/network.ts";
import { rootTest } from "../../ffi/privileged.ts";

rootTest("links of a kind are listed, and none that isn't WireGuard's", () => {
  inNewNetworkNamespace(() => {
    using network = Network.open();
    network.createLink("br0", "bridge");
    const links = network.socket.dump(dumpLinks("bridge"), () => "list", decodeLink);
    assert.deepEqual(links.map(({ name }) => name), ["br0"]);
    assert.deepEqual(listKernelInterfaces(), []);
    if (!kernelHasWireguard()) return;
    network.createLink("wg0", "wireguard");
    assert.deepEqual(listKernelInterfaces(), ["wg0"]);
  });
});

Deno.test("what has no control socket is looked for in the kernel, which says what is wrong", async () => {
  const lacking = Errno.EPROTONOSUPPORT;
  const expected = kernelHasWireguard() ? [Errno.ENODEV, Errno.EOPNOTSUPP] : [lacking, lacking];
  for (const [i, name] of ["wgts-none", "lo"].entries()) {
    // EPERM: the kernel tells root only.
    const errors = [expected[i], ...(Deno.uid() === 0 ? [] : [Errno.EPERM])];
    const isExpected = (error: unknown) =>
      error instanceof SysError && errors.includes(error.errno as never);
    await assert.rejects(getInterface(name, 0), isExpected);
    await assert.rejects(changeInterface(name, { replacePeers: true, peers: [] }), isExpected);
  }
});
