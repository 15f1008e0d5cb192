import "./bind_libc.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { changeLink, RTM_DELLINK, RTM_NEWLINK } from "../../core/netlink/link.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { O_CLOEXEC, O_RDONLY, POLLIN } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { type LinkEvent, LinkMonitor } from "../../ffi/link_monitor.ts";
import { inNewNetworkNamespace } from "../../ffi/namespace.ts";
import { Network } from "../../ffi/network.ts";
import { cString } from "../../ffi/text.ts";
import type { InterfaceLocation } from "../../ffi/tun_location.ts";
import { TunDevice } from "../../ffi/tun.ts";
import { acknowledgement, FakeNetlink } from "./fake_netlink.ts";
import { ip, networkTest } from "./iproute.ts";

/** Runs `body` with a monitor of `va`, a veth that is down, after its first event. */
function withMonitor(body: (monitor: LinkMonitor, network: Network, index: number) => void): void {
  using network = Network.open();
  network.createVethPair({ name: "va" }, { name: "vb" });
  const { index } = network.getLink("va");
  using monitor = LinkMonitor.open(index);
  const [first, ...more] = monitor.readEvents();
  assert(first?.kind === "changed");
  assert.deepEqual([first.link.name, first.link.mtu, first.link.up], ["va", 1500, false]);
  assert.deepEqual(more, []);
  body(monitor, network, index);
}

function readable(fd: number): boolean {
  const entry = new DataView(new ArrayBuffer(8));
  entry.setInt32(0, fd, true);
  entry.setInt16(4, POLLIN, true);
  return libc.poll(new Uint8Array(entry.buffer), 1, 0) === 1;
}

/** A descriptor of the calling thread's network namespace. */
function openNamespace(): number {
  return libc.open(cString("/proc/thread-self/ns/net"), O_RDONLY | O_CLOEXEC, 0);
}

/** Another network namespace, to be changed from this one. */
function newNamespace() {
  return inNewNetworkNamespace(() => {
    const fd = openNamespace(), network = Network.open();
    return {
      fd,
      network,
      [Symbol.dispose]() {
        libc.close(fd);
        network.close();
      },
    };
  });
}

/** Events as short text. */
function words(events: LinkEvent[]): string[] {
  return events.map((event) => {
    if (event.kind !== "changed") return event.kind;
    const { name, mtu, up } = event.link;
    return `${name} ${mtu} ${up ? "up" : "down"}`;
  });
}

networkTest("a monitor tells changes of MTU, state and name, and of nothing else", () => {
  withMonitor((monitor, network, index) => {
    assert.equal(readable(monitor.fd), false);
    network.changeLink(index, { mtu: 1420 });
    assert.equal(readable(monitor.fd), true);
    assert.deepEqual(words(monitor.readEvents()), ["va 1420 down"]);
    assert.equal(readable(monitor.fd), false);
    network.changeLink(index, { name: "vc" });
    assert.deepEqual(words(monitor.readEvents()), ["vc 1420 down"]);
    network.changeLink(index, { up: true });
    assert.deepEqual(words(monitor.readEvents()).at(-1), "vc 1420 up");
    network.changeLink(index, { up: false, mtu: 1300 });
    assert.deepEqual(words(monitor.readEvents()).at(-1), "vc 1300 down");
    network.changeLink(network.getLink("vb").index, { mtu: 1280 });
    network.changeLink(index, { txQueueLength: 5 });
    assert.deepEqual(words(monitor.readEvents()), []);
  });
});

networkTest("a monitor tells that its interface is gone", () => {
  withMonitor((monitor, network, index) => {
    network.deleteLink(index);
    assert.deepEqual(words(monitor.readEvents()), ["deleted"]);
    using late = LinkMonitor.open(index);
    assert.deepEqual(words(late.readEvents()), ["deleted"]);
  });
});

networkTest("a monitor tells that its interface moved to another namespace", () => {
  withMonitor((monitor, network, index) => {
    inNewNetworkNamespace(() => {
      using there = Network.open();
      const fd = openNamespace();
      network.changeLink(index, { namespace: { fd } });
      libc.close(fd);
      const events = monitor.readEvents();
      assert.deepEqual(words(events), ["moved"]);
      const newIndex = there.getLink("va").index;
      assert.deepEqual(events, [{ kind: "moved", newIndex, followed: false }]);
    });
  });
});

networkTest("a monitor follows a TUN through namespaces and home, and sees its end", () => {
  const tun = TunDevice.open("wgfm%d", { vnetHeader: false });
  using home = Network.open();
  using monitor = LinkMonitor.openTun(tun.fd);
  const { index } = home.getLink(tun.name);
  const homeFd = openNamespace();
  using first = newNamespace(), second = newNamespace();
  assert.deepEqual(words(monitor.readEvents()), [`${tun.name} 1500 down`]);

  // So that it gets another index than it has at home.
  for (let i = 0; i < 3; i++) first.network.createLink(`br${i}`, "bridge");
  home.changeLink(index, { namespace: { fd: first.fd } });
  const there = first.network.getLink(tun.name).index;
  const [moved, ...state] = monitor.readEvents();
  assert.deepEqual(moved, { kind: "moved", newIndex: there, followed: true });
  assert.deepEqual(words(state), [`${tun.name} 1500 down`]);
  first.network.changeLink(there, { up: true, mtu: 1380 });
  assert.equal(words(monitor.readEvents()).at(-1), `${tun.name} 1380 up`);
  // Others, of which one has the same index at home.
  home.createVethPair({ name: "va" }, { name: "vb" });
  home.createVethPair({ name: "vc" }, { name: "vd" });
  assert(home.listLinks().some(({ index }) => index === there));
  for (const { index } of home.listLinks()) home.changeLink(index, { mtu: 1300 });
  first.network.changeLink(first.network.getLink("br1").index, { mtu: 1301 });
  assert.deepEqual(words(monitor.readEvents()), []);

  first.network.changeLink(there, { namespace: { fd: second.fd } });
  const onward = second.network.getLink(tun.name).index;
  second.network.changeLink(onward, { up: true, mtu: 1281 });
  const seen = words(monitor.readEvents());
  assert(seen.includes("moved"));
  assert.equal(seen.at(-1), `${tun.name} 1281 up`);
  using late = LinkMonitor.openTun(tun.fd);
  assert.deepEqual(words(late.readEvents()), [`${tun.name} 1281 up`]);

  second.network.changeLink(onward, { namespace: { fd: homeFd } });
  libc.close(homeFd);
  assert.equal(words(monitor.readEvents()).at(-1), `${tun.name} 1281 down`);
  const back = home.getLink(tun.name).index;
  home.changeLink(back, { up: true });
  assert.equal(words(monitor.readEvents()).at(-1), `${tun.name} 1281 up`);
  home.deleteLink(back);
  assert.equal(words(monitor.readEvents()).at(-1), "deleted");
  tun.close();
});

networkTest("a monitor sees the end of a TUN in another namespace", () => {
  const tun = TunDevice.open("wgfn%d", { vnetHeader: false });
  using home = Network.open();
  using monitor = LinkMonitor.openTun(tun.fd);
  using other = newNamespace();
  home.changeLink(home.getLink(tun.name).index, { namespace: { fd: other.fd } });
  assert.equal(words(monitor.readEvents()).at(-1), `${tun.name} 1500 down`);
  other.network.deleteLink(other.network.getLink(tun.name).index);
  assert.equal(words(monitor.readEvents()).at(-1), "deleted");
  tun.close();
});

networkTest("leaving a bridge is not the interface's end", () => {
  withMonitor((monitor, network, index) => {
    network.createLink("br0", "bridge");
    network.changeLink(index, { master: network.getLink("br0").index });
    network.changeLink(index, { master: 0 });
    assert.equal(words(monitor.readEvents()).includes("deleted"), false);
  });
});

networkTest("a monitor that was too slow tells the result", () => {
  withMonitor((monitor, network, index) => {
    // Each change is a notification of about 1.5 KB, so that these overrun the socket's buffer.
    for (let i = 0; i < 400; i++) network.changeLink(index, { mtu: 1000 + i });
    const all: string[] = [];
    while (readable(monitor.fd)) all.push(...words(monitor.readEvents()));
    assert(all.length < 400, "some were lost");
    assert.equal(all.at(-1), "va 1399 down");

    for (let i = 0; i < 400; i++) network.changeLink(index, { mtu: 1000 + i });
    network.deleteLink(index);
    const rest: string[] = [];
    while (readable(monitor.fd)) rest.push(...words(monitor.readEvents()));
    assert.equal(rest.at(-1), "deleted");
  });
});

networkTest("a monitor sees what ip link does", () => {
  withMonitor((monitor) => {
    ip("link", "set", "mtu", "1280", "up", "dev", "va");
    assert.equal(words(monitor.readEvents()).at(-1), "va 1280 up");
    ip("link", "delete", "dev", "va");
    assert.equal(words(monitor.readEvents()).at(-1), "deleted");
  });
});

const INDEX = 7;
const HERE = { index: INDEX, namespaceId: null };
const state = (mtu: number) => changeLink(INDEX, { name: "wg0", mtu, up: true }).payload;

Deno.test("after an overrun a monitor asks, but only when it has read all there was", () => {
  const kernel = new FakeNetlink(() => [[{ type: RTM_NEWLINK, payload: state(1280) }]]);
  const monitor = new LinkMonitor(kernel, 3, HERE);
  assert.deepEqual(words(monitor.readEvents()), ["wg0 1280 up"]);
  kernel.queue.push("overrun", [{ type: RTM_NEWLINK, payload: state(1400) }]);
  assert.deepEqual(words(monitor.readEvents()), ["wg0 1400 up", "wg0 1280 up"]);
  assert.equal(kernel.sent.length, 2);
  assert.deepEqual(words(monitor.readEvents()), []);
});

Deno.test("a monitor survives nonsense, and asks what it may have missed", () => {
  let isGone = false;
  const kernel = new FakeNetlink(() => [
    isGone ? [acknowledgement(Errno.ENODEV)] : [{ type: RTM_NEWLINK, payload: state(1280) }],
  ]);
  const monitor = new LinkMonitor(kernel, 3, HERE);
  monitor.readEvents();
  kernel.queue.push(new Uint8Array(5), [{ type: RTM_NEWLINK, payload: new Uint8Array(3) }]);
  assert.deepEqual(words(monitor.readEvents()), []);
  isGone = true;
  kernel.queue.push(new Uint8Array(5));
  assert.deepEqual(words(monitor.readEvents()), ["deleted"]);
});

/** A monitor whose interface isn't where it was, and what it finds when it looks for it. */
function moved(...found: (InterfaceLocation | number)[]) {
  const kernel = new FakeNetlink(() => [[acknowledgement(Errno.ENODEV)]]);
  const monitor = new LinkMonitor(kernel, 3, HERE, {
    locate: () => {
      const next = found.shift() ?? assert.fail("it isn't to be looked for again");
      if (typeof next === "number") throw new SysError("find", next);
      kernel.answer = () => [[]];
      return next;
    },
    listenToAllNamespaces: () => true,
  });
  const events = words(monitor.readEvents());
  assert.deepEqual(found, []);
  return events;
}

Deno.test("a monitor follows an interface that moves on while it is looked for", () => {
  const { ENODEV, EBADFD, EPERM } = Errno;
  assert.deepEqual(moved(ENODEV, ENODEV, { index: 9, namespaceId: 1 }), ["moved"]);
  assert.deepEqual(moved({ index: 9, namespaceId: null }), ["moved"], "home again");
  assert.deepEqual(moved(ENODEV, EBADFD), ["deleted"], "only who holds the TUN knows");
  assert.deepEqual(moved(EPERM), ["moved"], "though nobody says where to");
  assert.deepEqual(moved(...new Array<number>(10).fill(ENODEV)), ["moved"], "and not for ever");
});

Deno.test("no datagram breaks a monitor", () => {
  const kernel = new FakeNetlink(() => []);
  const monitor = new LinkMonitor(kernel, 3, HERE);
  const message = fc.record({
    type: fc.constantFrom(2, 3, RTM_NEWLINK, RTM_DELLINK),
    payload: fc.uint8Array({ maxLength: 60 }),
  });
  const datagram = fc.oneof(
    fc.array(message, { maxLength: 4 }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
  );
  fc.assert(fc.property(fc.array(datagram, { maxLength: 6 }), (datagrams) => {
    kernel.queue.push(...datagrams);
    monitor.readEvents();
    assert.deepEqual(kernel.queue, []);
  }));
});

Deno.test("a monitor leaves a storm for the next turn", () => {
  const kernel = new FakeNetlink(() => []);
  const monitor = new LinkMonitor(kernel, 3, HERE);
  for (let i = 0; i < 100; i++) {
    kernel.queue.push([{ type: RTM_NEWLINK, payload: state(1000 + i) }]);
  }
  kernel.queue.push([{ type: RTM_DELLINK, payload: state(1000) }]);
  const first = words(monitor.readEvents());
  assert(first.length < 100);
  assert.equal(first.at(-1), `wg0 ${999 + first.length} up`);
  assert.equal(words(monitor.readEvents()).at(-1), "deleted");
});
