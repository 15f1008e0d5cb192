/** What a host may refuse `up`, and the tunnel comes up all the same. */
import assert from "node:assert/strict";
import { bringUp, takeDown } from "../../../cli/system/tunnel.ts";
import { quickConfig } from "../../core/plan/quick_config.ts";
import { CLEAN, FULL, PATH } from "./full_tunnel.ts";
import { Harness } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";

Deno.test("without IPv6 the tunnel comes up without it, and says so once", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  const { addAddress, addRoute } = system;
  system.addAddress = (index, prefix) => {
    if (prefix.includes(":")) throw failure("EACCES");
    addAddress.call(system, index, prefix);
  };
  system.addRoute = (index, prefix, table) => {
    if (prefix.includes(":")) throw failure("EACCES");
    addRoute.call(system, index, prefix, table);
  };
  await bringUp(harness.session(system), FULL, PATH);
  assert.deepEqual(harness.printed.filter((line) => line.startsWith("wgts: warning")), [
    "wgts: warning: Cannot do that: EACCES: IPv6 is switched off on this system, so the tunnel " +
    "goes without IPv6",
  ]);
  // What isn't carried mustn't leak either.
  assert.ok(system.state.routes.some((r) => r.family === 6 && r.prefix === "unreachable"));
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("with an MTU too small for IPv6 the tunnel comes up without it, but not in other ways", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  const { addRoute } = system;
  system.addRoute = (index, prefix, table) => {
    if (prefix.includes(":")) throw failure("ENODEV");
    addRoute.call(system, index, prefix, table);
  };
  const allowed = ["10.9.0.0/16", "fd09::/48"];
  await bringUp(harness.session(system), quickConfig({ mtu: 1279 }, allowed), PATH);
  assert.deepEqual(harness.printed.filter((line) => line.startsWith("wgts: warning")), [
    "wgts: warning: Cannot do that: ENODEV: IPv6 needs an MTU of 1280 bytes, so the tunnel goes " +
    "without IPv6",
  ]);
  await takeDown(harness.session(system));
  await assert.rejects(
    bringUp(harness.session(system), quickConfig({ mtu: 1280 }, allowed), PATH),
    { message: "Cannot do that: ENODEV" },
  );
});

Deno.test("a read-only sysctl is a warning, or with --strict a failure", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  system.fault = (operation) => operation === "writeSrcValidMark" ? failure("EROFS") : null;
  await bringUp(harness.session(system), FULL, PATH);
  const warnings = harness.printed.filter((line) => line.startsWith("wgts: warning"));
  assert.match(warnings.join("\n"), /^wgts: warning: .*EROFS: where reverse-path filtering .*$/);
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
  await assert.rejects(bringUp(harness.session(system, { strict: true }), FULL, PATH));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("a kernel without nf_tables is a warning, or with --strict a failure", async () => {
  using harness = new Harness();
  for (const code of ["EOPNOTSUPP", "EPROTONOSUPPORT", "EAFNOSUPPORT", "ENOENT"]) {
    const system = new ModelSystem();
    system.fault = (operation) => {
      if (operation === "addIptablesRules") return new Error("no iptables");
      return operation === "addFirewall" ? failure(code) : null;
    };
    await bringUp(harness.session(system), FULL, PATH);
    const warnings = harness.printed.splice(0).filter((line) => line.startsWith("wgts: warning"));
    assert.equal(warnings.length, 1, "one for both families");
    const expected = `${code}; no iptables: neighbours .* can send packets to`;
    assert.match(warnings[0] ?? "", new RegExp(expected));
    assert.equal(system.state.engines["wg0"]?.configured, true);
    await takeDown(harness.session(system));
    assert.deepEqual(system.leftovers, CLEAN);
    await assert.rejects(bringUp(harness.session(system, { strict: true }), FULL, PATH));
    assert.deepEqual(system.leftovers, CLEAN);
  }
  const system = new ModelSystem();
  system.fault = (operation) => operation === "addFirewall" ? failure("ENOBUFS") : null;
  await assert.rejects(bringUp(harness.session(system), FULL, PATH), { message: /ENOBUFS/ });
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("iptables makes the firewall rules for a kernel without nf_tables", async () => {
  using harness = new Harness();
  for (const strict of [false, true]) {
    const system = new ModelSystem();
    system.fault = (operation) => operation === "addFirewall" ? failure("EPROTONOSUPPORT") : null;
    harness.printed.length = 0;
    await bringUp(harness.session(system, { strict }), FULL, PATH);
    const { printed } = harness;
    assert.deepEqual(printed.filter((line) => !line.startsWith("[#] ")), []);
    assert.deepEqual(printed.filter((line) => line.includes("tables")), [
      "[#] ip6tables-restore -n",
      "[#] iptables-restore -n",
    ]);
    const firewall = { fwmark: 51820, addresses: ["10.0.0.1/24", "fd00::1/64"] };
    const expected = { "wg0 4 iptables": firewall, "wg0 6 iptables": firewall };
    assert.deepEqual(system.state.firewalls, expected);
    await takeDown(harness.session(system));
    assert.deepEqual(system.leftovers, CLEAN);
  }
});

Deno.test("what iptables made before it failed is removed, at down if not at once", async () => {
  for (const isRemovable of [true, false]) {
    using harness = new Harness();
    const system = new ModelSystem();
    let failing = true;
    system.fault = (operation) => {
      if (operation === "addFirewall") return failure("EOPNOTSUPP");
      if (operation === "deleteIptablesRules" && failing && !isRemovable) return new Error("busy");
      if (operation !== "addIptablesRules") return null;
      system.state.firewalls["wg0 4 iptables"] = { fwmark: 1, addresses: [] };
      return new Error("no table mangle");
    };
    await bringUp(harness.session(system), FULL, PATH);
    assert.equal("wg0 4 iptables" in system.state.firewalls, !isRemovable);
    failing = false;
    await takeDown(harness.session(system));
    assert.deepEqual(system.leftovers, CLEAN);
  }
});

Deno.test("a clock that isn't set is a warning, or with --strict a failure that changes nothing", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  system.wall = 61_000;
  await assert.rejects(bringUp(harness.session(system, { strict: true }), FULL, PATH), {
    message:
      /^the clock isn't set, it says 1970-01-01T00:01:01Z: peers .* refuse handshakes.*--strict makes that an error/,
  });
  assert.deepEqual(system.leftovers, CLEAN);
  assert.deepEqual(harness.printed.splice(0), []);
  await bringUp(harness.session(system), FULL, PATH);
  const warnings = harness.printed.filter((line) => line.startsWith("wgts: warning"));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /TAI64N.*the tunnel will work without another `up'$/);
  assert.equal(system.state.engines["wg0"]?.configured, true);
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("an MTU that can't be found out is a warning, or with --strict a failure", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  system.fault = (operation) => operation === "discoverMtu" ? failure("ENOBUFS") : null;
  await bringUp(harness.session(system), FULL, PATH);
  const warnings = harness.printed.filter((line) => line.startsWith("wgts: warning"));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /ENOBUFS: the MTU is 1420 bytes; .*set MTU in the config$/);
  assert.equal(system.state.links["wg0"]?.mtu, 1420);
  await takeDown(harness.session(system));
  await assert.rejects(bringUp(harness.session(system, { strict: true }), FULL, PATH), {
    message: /ENOBUFS/,
  });
  assert.deepEqual(system.leftovers, CLEAN);
});
