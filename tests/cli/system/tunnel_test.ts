import assert from "node:assert/strict";
import { HookError } from "../../../cli/system/apply.ts";
import { Interruption } from "../../../cli/system/session.ts";
import {
  bringUp,
  NotRunningError,
  printDown,
  printUp,
  takeDown,
} from "../../../cli/system/tunnel.ts";
import { quickConfig } from "../../core/plan/quick_config.ts";
import { CLEAN, FULL, PATH } from "./full_tunnel.ts";
import { Harness, SCOPE } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";
import { emptyState } from "./model_state.ts";

Deno.test("up sets everything, down leaves nothing", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  const { state } = system;
  assert.deepEqual(state.links["wg0"], {
    index: 3,
    kind: "tun",
    addresses: ["10.0.0.1/24", "fd00::1/64"],
    mtu: 1420,
    up: true,
  });
  assert.deepEqual(state.engines["wg0"], {
    pid: 100,
    startTime: "t100",
    fwmark: 51820,
    configured: true,
  });
  assert.deepEqual(state.rules.filter(({ family }) => family === 4).map((r) => r.priority), [
    0,
    32766,
    32765,
    32764,
  ]);
  assert.equal(state.srcValidMark, "1");
  assert.deepEqual(state.firewalls, {
    "wg0 4": { fwmark: 51820, addresses: ["10.0.0.1/24"] },
    "wg0 6": { fwmark: 51820, addresses: ["fd00::1/64"] },
  });
  assert.deepEqual(Object.keys(harness.files()), ["wg0@4026531840.journal"]);

  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
  assert.ok(!harness.exists());
  assert.deepEqual(system.hooks, ["pre-up wg0", "post-up wg0", "pre-down wg0", "post-down wg0"]);
});

Deno.test("what is done is printed as commands", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  const up = harness.printed.splice(0);
  assert.equal(up[0], "[#] wgts run wg0");
  assert.ok(up.includes("[#] ip link set mtu 1420 up dev wg0"));
  assert.equal(up.at(-1), "[#] post-up wg0");
  await takeDown(harness.session(system));
  assert.deepEqual(harness.printed, [
    "[#] pre-down wg0",
    "[#] nft delete table ip wg-quick-wg0",
    "[#] ip -4 rule delete table main suppress_prefixlength 0",
    "[#] ip -4 rule delete not fwmark 51820 table 51820",
    "[#] ip -4 route delete unreachable default table 51820 metric 4294967295",
    "[#] sysctl -q net.ipv4.conf.all.src_valid_mark=0",
    "[#] nft delete table ip6 wg-quick-wg0",
    "[#] ip -6 rule delete table main suppress_prefixlength 0",
    "[#] ip -6 rule delete not fwmark 51820 table 51820",
    "[#] ip -6 route delete unreachable default table 51820 metric 4294967295",
    "[#] ip link delete dev wg0",
    "[#] post-down wg0",
  ]);
});

Deno.test("a dry run prints the same and changes nothing", async () => {
  using dry = new Harness();
  using real = new Harness();
  const system = new ModelSystem();
  await printUp(dry.session(system), FULL, PATH);
  assert.deepEqual(system.leftovers, CLEAN);
  assert.deepEqual(system.hooks, []);
  assert.ok(!dry.exists());
  await bringUp(real.session(system), FULL, PATH);
  assert.deepEqual(dry.printed.splice(0), real.printed.splice(0));

  const before = system.leftovers;
  printDown(real.session(system));
  assert.deepEqual(system.leftovers, before);
  const printed = real.printed.splice(0);
  await takeDown(real.session(system));
  assert.deepEqual(printed, real.printed);
});

Deno.test("up twice and down twice are refused, and harm nothing", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await assert.rejects(takeDown(harness.session(system)), new NotRunningError("wg0", false));
  assert.ok(!harness.exists());
  await bringUp(harness.session(system), FULL, PATH);
  const before = system.leftovers, files = harness.files();
  await assert.rejects(bringUp(harness.session(system), FULL, PATH), {
    message: "`wg0' already exists",
  });
  assert.deepEqual([system.leftovers, harness.files()], [before, files]);
  await takeDown(harness.session(system));
  await assert.rejects(takeDown(harness.session(system)), {
    message: "`wg0' is not a WireGuard interface",
  });
});

Deno.test("two ups at once: one wins, the other is refused", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  const results = await Promise.allSettled([
    bringUp(harness.session(system), FULL, PATH),
    bringUp(harness.session(system), FULL, PATH),
  ]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.equal(Object.keys(system.state.engines).length, 1);
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("an interface of somebody else's is refused by up and by down", async () => {
  for (const [kind, isServed] of [["dummy", false], ["wireguard", true]] as const) {
    using harness = new Harness();
    const state = emptyState();
    state.links["wg0"] = { index: 9, kind, addresses: [], mtu: 1420, up: true };
    const system = new ModelSystem(state);
    const before = system.leftovers;
    for (const backend of ["kernel", "userspace"] as const) {
      await assert.rejects(bringUp(harness.session(system, { backend }), FULL, PATH), {
        message: "`wg0' already exists",
      });
    }
    await assert.rejects(takeDown(harness.session(system)), new NotRunningError("wg0", isServed));
    assert.deepEqual(system.leftovers, before);
  }
});

Deno.test("with the kernel's WireGuard, up starts no engine and does all else the same", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system, { backend: "kernel" }), FULL, PATH);
  const { state } = system;
  assert.deepEqual(state.engines, {});
  assert.deepEqual(state.kernelKeys, { wg0: { fwmark: 51820 } });
  assert.deepEqual(state.links["wg0"], {
    index: 3,
    kind: "wireguard",
    addresses: ["10.0.0.1/24", "fd00::1/64"],
    mtu: 1420,
    up: true,
  });
  assert.equal(harness.printed[0], "[#] ip link add dev wg0 type wireguard");
  using other = new Harness();
  await bringUp(other.session(new ModelSystem()), FULL, PATH);
  assert.deepEqual(harness.printed.slice(1), other.printed.slice(1));
  harness.printed.length = 0;
  await takeDown(harness.session(system));
  assert.ok(harness.printed.includes("[#] ip link delete dev wg0"));
  assert.deepEqual(system.leftovers, CLEAN);
  assert.ok(!harness.exists());
});

Deno.test("a step that fails with the kernel's WireGuard undoes those before it, and only those", async () => {
  for (const operation of ["createKernelInterface", "configure", "addRule", "runHook"]) {
    using harness = new Harness();
    const system = new ModelSystem();
    system.fault = (name) => name === operation ? failure("EPERM") : null;
    const up = bringUp(harness.session(system, { backend: "kernel" }), FULL, PATH);
    await assert.rejects(up, { message: "Cannot do that: EPERM" });
    assert.deepEqual(system.leftovers, CLEAN, operation);
    assert.ok(!harness.exists());
  }
});

Deno.test("an interface whose journal is damaged is said to be there, and how to get rid of it", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  harness.restore({ "wg0@4026531840.journal": "\0".repeat(100) });
  await assert.rejects(takeDown(harness.session(system)), {
    message:
      "`wg0' exists, but there is no journal of an `up' of it: take it down with what made " +
      "it; or `ip link delete dev wg0`, and see `ip rule` for what may be left",
  });
  assert.ok("wg0" in system.state.links);
});

Deno.test("a live socket of that name in another network namespace is named as such", async () => {
  using harness = new Harness();
  const other = new ModelSystem();
  const elsewhere = { ...SCOPE, namespace: { device: 4, inode: 77, cookie: "2" } };
  await bringUp(harness.session(other, { scope: elsewhere }), FULL, PATH);
  const state = emptyState();
  state.sockets["wg0"] = "live";
  const system = new ModelSystem(state);
  await assert.rejects(
    bringUp(harness.session(system), FULL, PATH),
    /`wg0' already exists in another network namespace, net:\[77\]: /,
  );
  assert.equal(system.state.sockets["wg0"], "live");
  await takeDown(harness.session(other, { scope: elsewhere }));
  assert.ok(!harness.exists());
});

Deno.test("whatever step fails, all is undone", async () => {
  const operations: string[] = [];
  {
    using harness = new Harness();
    const system = new ModelSystem();
    system.fault = (operation) => (operations.push(operation), null);
    await bringUp(harness.session(system), FULL, PATH);
  }
  assert.ok(operations.length > 15);
  for (const at of operations.keys()) {
    using harness = new Harness();
    const system = new ModelSystem();
    let count = 0;
    system.fault = () => count++ === at ? failure("EIO") : null;
    // The sysctl is the one that a tunnel can do without, unless told to be strict.
    const up = bringUp(harness.session(system, { strict: true }), FULL, PATH);
    await assert.rejects(up, { message: "Cannot do that: EIO" }, operations[at]);
    assert.deepEqual(system.leftovers, CLEAN, operations[at]);
    assert.ok(!harness.exists(), operations[at]);
    assert.ok(!system.hooks.includes("post-down wg0"));
  }
});

Deno.test("a failing command's exit code is kept, and all is undone", async () => {
  for (const command of ["pre-up wg0", "post-up wg0"]) {
    using harness = new Harness();
    const system = new ModelSystem();
    system.exitCodes[command] = 42;
    await assert.rejects(
      bringUp(harness.session(system), FULL, PATH),
      (error) => error instanceof HookError && error.code === 42,
    );
    assert.deepEqual(system.leftovers, CLEAN);
  }
});

Deno.test("an interruption at any point undoes all", async () => {
  for (const at of ["openTun", "runHook", "configure", "resolve", "addRule", "addRoute"]) {
    using harness = new Harness();
    const system = new ModelSystem();
    const controller = new AbortController();
    system.observer = (operation) => {
      if (operation === at) controller.abort(new Interruption("SIGINT", 130));
    };
    const config = quickConfig(FULL.interface, ["0.0.0.0/0", "10.9.0.0/16"]);
    const [peer] = config.peers;
    assert.ok(peer);
    peer.endpoint = { host: "vpn.example", port: 51820, text: "vpn.example:51820" };
    await assert.rejects(
      bringUp(harness.session(system, { signal: controller.signal }), config, PATH),
      (error) => error instanceof Interruption && error.code === 130,
      at,
    );
    assert.deepEqual(system.leftovers, CLEAN, at);
    assert.ok(!harness.exists());
  }
});

Deno.test("two tunnels with default routes, down in either order, restore everything", async () => {
  for (const order of [["wg0", "wg1"], ["wg1", "wg0"]]) {
    using harness = new Harness();
    const system = new ModelSystem();
    await Promise.all(
      ["wg0", "wg1"].map((name) => bringUp(harness.session(system, { name }), FULL, PATH)),
    );
    const marks = ["wg0", "wg1"].map((name) => system.state.engines[name]?.fwmark);
    assert.deepEqual(marks.toSorted(), [51820, 51821]);
    const [first, second] = order;
    await takeDown(harness.session(system, { name: first ?? "" }));
    assert.equal(system.state.srcValidMark, "1");
    await takeDown(harness.session(system, { name: second ?? "" }));
    assert.deepEqual(system.leftovers, CLEAN);
    assert.ok(!harness.exists());
  }
});

Deno.test("src_valid_mark that somebody else set stays", async () => {
  using harness = new Harness();
  const system = new ModelSystem({ ...emptyState(), srcValidMark: "1" });
  await bringUp(harness.session(system), FULL, PATH);
  assert.ok(!harness.printed.some((line) => line.includes("sysctl")));
  await takeDown(harness.session(system));
  assert.equal(system.state.srcValidMark, "1");
});

Deno.test("src_valid_mark that somebody else changed meanwhile stays", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  system.state.srcValidMark = "0";
  harness.printed.length = 0;
  await takeDown(harness.session(system));
  assert.equal(system.state.srcValidMark, "0");
  assert.ok(!harness.printed.some((line) => line.includes("sysctl")));
});

Deno.test("a PreDown that fails leaves the tunnel up; with force it doesn't", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  const before = system.leftovers;
  system.exitCodes["pre-down wg0"] = 3;
  await assert.rejects(
    takeDown(harness.session(system)),
    (error) => error instanceof HookError && error.code === 3,
  );
  assert.deepEqual(system.leftovers, before);
  await takeDown(harness.session(system), { force: true });
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("a PostDown that fails gives its exit code, but all is gone", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  system.exitCodes["post-down wg0"] = 5;
  await assert.rejects(
    takeDown(harness.session(system)),
    (error) => error instanceof HookError && error.code === 5,
  );
  assert.deepEqual(system.leftovers, CLEAN);
  assert.ok(!harness.exists());
});

Deno.test("down runs the commands of the config as it is now", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  system.hooks.length = 0;
  await takeDown(harness.session(system), { hooks: { preDown: ["a"], postDown: ["b %i"] } });
  assert.deepEqual(system.hooks, ["a", "b wg0"]);
});

Deno.test("an engine that doesn't end by itself is asked, then made to", async () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    using harness = new Harness();
    const system = new ModelSystem();
    system.stubborn = signal;
    await bringUp(harness.session(system), FULL, PATH);
    await takeDown(harness.session(system));
    assert.deepEqual(system.leftovers, CLEAN);
    assert.ok(system.slept >= (signal === "SIGTERM" ? 5000 : 10000));
  }
});

Deno.test("a process that got the engine's number is left alone", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  system.killEngine("wg0");
  system.state.engines["other"] = { pid: 100, startTime: "later", fwmark: 0, configured: true };
  await takeDown(harness.session(system));
  assert.deepEqual(Object.keys(system.state.engines), ["other"]);
  assert.equal(system.slept, 0);
});

Deno.test("an interface that took the dead one's name is left alone", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  system.killEngine("wg0");
  system.state.links["wg0"] = { index: 50, kind: "tun", addresses: [], mtu: 1500, up: false };
  await takeDown(harness.session(system));
  assert.deepEqual(Object.keys(system.state.links), ["eth0", "wg0"]);
  assert.equal(system.state.rules.length, 4);
});

Deno.test("what can't be undone is said, and down may be tried again", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), FULL, PATH);
  system.fault = (operation) => operation === "deleteRule" ? failure("EPERM") : null;
  await assert.rejects(takeDown(harness.session(system)), /could not be taken down completely/);
  assert.ok(harness.printed.includes("wgts: Cannot do that: EPERM"));
  assert.equal(system.link("wg0"), null);
  system.fault = () => null;
  system.hooks.length = 0;
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
  assert.deepEqual(system.hooks, ["post-down wg0"]);
});
