import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { BoundInterface } from "../../../cli/engine/bound_interface.ts";
import { Logger } from "../../../cli/engine/log.ts";
import { UdpBinding } from "../../../cli/engine/udp_binding.ts";
import { IpPrefix } from "../../../core/ip.ts";
import { UNBOUND } from "../../../core/socket_binding.ts";
import { SO_BINDTODEVICE, SOL_SOCKET } from "../../../ffi/layout.ts";
import { libc } from "../../../ffi/libc.ts";
import { Network } from "../../../ffi/network.ts";
import { fromCString } from "../../../ffi/text.ts";
import { networkTest } from "../../ffi/iproute.ts";

const SILENT = new Logger("silent", () => {});
const ADDRESS = IpPrefix.parse("192.0.2.1/24") ?? assert.fail();

function addAddress(network: Network): void {
  const { index } = network.getLink("va");
  network.changeLink(index, { up: true });
  network.addAddress({ interfaceIndex: index, address: ADDRESS });
}

/** The name of the interface that a socket is bound to; null when that is gone. */
function boundTo(fd: number): string | null {
  const name = new Uint8Array(16);
  const length = Int32Array.of(name.length);
  const result = libc.getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, length);
  return result < 0 ? null : fromCString(name);
}

networkTest("sockets are bound to the interface that has the name now", () => {
  using network = Network.open();
  network.createVethPair({ name: "va" }, { name: "vb" });
  addAddress(network);
  const udp = new UdpBinding({ addresses: [ADDRESS.address], interfaceName: "va" });
  udp.open();
  const { port } = udp;
  const socket = () => udp.sockets?.ipv4 ?? assert.fail();
  const lines: string[] = [];
  const log = new Logger("info", (_, line) => lines.push(line));
  const bound = BoundInterface.follow(udp, log) ?? assert.fail();
  assert.equal(bound.step(), false);

  network.deleteLink(network.getLink("va").index);
  assert.equal(bound.step(), false);
  assert.equal(bound.isThere, false);
  assert.equal(boundTo(socket()), null);
  network.createVethPair({ name: "va" }, { name: "vb" });
  // It has no address yet: the sockets stay, and so it goes on when there is one.
  assert.equal(bound.step(), false);
  assert.equal(bound.step(), false);
  assert.equal(bound.isThere, true);
  addAddress(network);
  assert.equal(bound.step(), true);
  assert.equal(boundTo(socket()), "va");
  assert.equal(udp.port, port);
  assert.equal(bound.step(), false);
  assert.equal(lines.length, 3, lines.join("\n"));
  assert.match(lines[0] ?? "", /^the interface va is gone/);
  assert.match(lines[1] ?? "", /192\.0\.2\.1.*no interface has this address/);
  assert.equal(lines[2], "bound to the interface va anew");

  // Another one that takes the name is that interface from now on.
  network.createVethPair({ name: "vc" }, { name: "vd" });
  network.changeLink(network.getLink("va").index, { name: "ve" });
  network.changeLink(network.getLink("vc").index, { name: "va" });
  assert.equal(bound.step(), true);
  assert.equal(boundTo(socket()), "va");
  bound.close();
  udp.close();
});

networkTest("sockets that are bound to no interface follow none", () => {
  assert.equal(BoundInterface.follow(new UdpBinding(UNBOUND), SILENT), null);
});
