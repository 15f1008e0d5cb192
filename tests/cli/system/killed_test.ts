import assert from "node:assert/strict";
import { bringUp, takeDown } from "../../../cli/system/tunnel.ts";
import type { Backend } from "../../../core/plan.ts";
import type { Session } from "../../../cli/system/session.ts";
import { addresses, prefixes, quickConfig } from "../../core/plan/quick_config.ts";
import { Harness } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";

const PATH = "/etc/wireguard/wg0.conf";
const CONFIG = quickConfig(
  {
    addresses: prefixes("10.0.0.1/24", "fd00::1/64"),
    dns: { servers: addresses("10.0.0.53"), search: [] },
    preUp: ["pre-up"],
    postUp: ["post-up"],
    preDown: ["pre-down"],
    postDown: ["post-down"],
  },
  ["0.0.0.0/0", "::/0", "10.9.0.0/16"],
);
const CLEAN = new ModelSystem().leftovers;

/** What the world is like at one moment of a command. */
interface Moment {
  readonly operation: string;
  readonly system: ModelSystem;
  readonly files: Record<string, string>;
}

/** All moments of `command`: before and after each operation. Restores the directory in the end. */
async function moments(
  harness: Harness,
  system: ModelSystem,
  command: (session: Session) => Promise<unknown>,
  backend: Backend = "userspace",
): Promise<Moment[]> {
  const found: Moment[] = [];
  system.observer = (operation) => {
    const copy = new ModelSystem(structuredClone(system.state));
    copy.fault = system.fault;
    found.push({ operation, system: copy, files: harness.files() });
  };
  await command(harness.session(system, { backend }));
  system.observer = () => {};
  return found;
}

/** The moments between `a` and `b`, while what `b`'s journal has more is being written. */
function* writing(a: Moment, b: Moment): Generator<Moment> {
  for (const [name, text] of Object.entries(b.files)) {
    const start = a.files[name]?.length ?? 0;
    for (let length = start + 7; length < text.length; length += 41) {
      yield { ...clone(a), files: { ...a.files, [name]: text.slice(0, length) } };
    }
  }
}

/** The same moment, but the engine was killed too. */
function withoutEngine({ system, ...rest }: Moment): Moment {
  const copy = new ModelSystem(structuredClone(system.state));
  if ("wg0" in copy.state.engines) copy.killEngine("wg0");
  return { ...rest, system: copy };
}

function clone(moment: Moment): Moment {
  const system = new ModelSystem(structuredClone(moment.system.state));
  system.fault = moment.system.fault;
  return { ...moment, system };
}

/** The same moment, but somebody deleted the interface. */
function withoutLink({ system, ...rest }: Moment): Moment {
  const copy = new ModelSystem(structuredClone(system.state));
  copy.deleteLink(copy.link("wg0")?.index ?? 0);
  return { ...rest, system: copy };
}

async function downThenClean(harness: Harness, moment: Moment): Promise<void> {
  harness.restore(moment.files);
  const hasJournal = Object.keys(moment.files).some((name) => name.endsWith(".journal"));
  const down = takeDown(harness.session(moment.system));
  if (hasJournal) await down;
  else await assert.rejects(down, { name: "NotRunningError" });
  assert.deepEqual(moment.system.leftovers, CLEAN);
  assert.ok(!harness.exists());
}

async function upDownThenClean(
  harness: Harness,
  moment: Moment,
  backend: Backend = "userspace",
): Promise<void> {
  harness.restore(moment.files);
  await bringUp(harness.session(moment.system, { backend }), CONFIG, PATH);
  const { state } = moment.system;
  assert.equal(state.engines["wg0"]?.configured, backend === "userspace" || undefined);
  assert.equal("wg0" in state.kernelKeys, backend === "kernel");
  assert.equal(state.rules.length, 8);
  assert.equal(state.srcValidMark, "1");
  assert.deepEqual(state.dns, { wg0: { servers: ["10.0.0.53"], search: [], routes: [] } });
  await takeDown(harness.session(moment.system));
  assert.deepEqual(moment.system.leftovers, CLEAN);
  assert.ok(!harness.exists());
}

Deno.test("kill -9 of up at any moment: down cleans up, and so does another up", async () => {
  using harness = new Harness();
  const all = await moments(
    harness,
    new ModelSystem(),
    (session) => bringUp(session, CONFIG, PATH),
  );
  assert.ok(all.length > 30);
  for (const moment of all) {
    // Lock files of the dead remain, but nobody holds them.
    assert.ok(Object.keys(moment.files).length >= 1);
    await downThenClean(harness, clone(moment));
    await downThenClean(harness, withoutEngine(moment));
    await upDownThenClean(harness, clone(moment));
    await upDownThenClean(harness, withoutEngine(moment));
  }
});

Deno.test("kill -9 of up while it writes its journal: down cleans up, and so does another up", async () => {
  using harness = new Harness();
  const all = await moments(
    harness,
    new ModelSystem(),
    (session) => bringUp(session, CONFIG, PATH),
  );
  let count = 0;
  for (const [i, moment] of all.entries()) {
    const next = all[i + 1];
    if (next === undefined) break;
    for (const between of writing(moment, next)) {
      count++;
      await downThenClean(harness, clone(between));
      await upDownThenClean(harness, between);
    }
  }
  assert.ok(count > 30);
});

Deno.test("kill -9 of up and down at any moment where iptables makes the rules", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  system.fault = (operation) => operation === "addFirewall" ? failure("EOPNOTSUPP") : null;
  const upMoments = await moments(harness, system, (session) => bringUp(session, CONFIG, PATH));
  assert.equal(Object.keys(system.state.firewalls).length, 2);
  const downMoments = await moments(harness, system, takeDown);
  assert.deepEqual(system.leftovers, CLEAN);
  for (const moment of [...upMoments, ...downMoments]) {
    await downThenClean(harness, clone(moment));
    await upDownThenClean(harness, withoutEngine(moment));
  }
});

Deno.test("kill -9 of down at any moment: down again cleans up, and so does up", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), CONFIG, PATH);
  const all = await moments(harness, system, takeDown);
  assert.ok(all.length > 15);
  for (const moment of all) {
    await downThenClean(harness, clone(moment));
    await downThenClean(harness, withoutEngine(moment));
    await upDownThenClean(harness, withoutEngine(moment));
  }
});

Deno.test("kill -9 of the engine: up says so, cleans up and brings up a new one", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), CONFIG, PATH);
  system.killEngine("wg0");
  harness.printed.length = 0;
  await bringUp(harness.session(system), CONFIG, PATH);
  assert.equal(
    harness.printed[0],
    "wgts: wg0: its engine (process 100) died: cleaning up first",
  );
  assert.equal(system.state.rules.length, 8);
  assert.deepEqual(system.hooks.slice(2, 4), ["pre-down", "post-down"]);
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("the same with the kernel's WireGuard, also when somebody deletes its interface", async () => {
  using harness = new Harness();
  const up = (session: Session) => bringUp(session, CONFIG, PATH);
  const system = new ModelSystem();
  const upMoments = await moments(harness, system, up, "kernel");
  const downMoments = await moments(harness, system, takeDown);
  assert.deepEqual(system.leftovers, CLEAN);
  let count = 0;
  for (const all of [upMoments, downMoments]) {
    for (const [i, moment] of all.entries()) {
      // A tunnel that a `down' hasn't begun to take down is still up.
      if (all === upMoments) await upDownThenClean(harness, clone(moment), "kernel");
      await upDownThenClean(harness, withoutLink(moment), "userspace");
      for (const between of [moment, ...writing(moment, all[i + 1] ?? moment)]) {
        count++;
        await downThenClean(harness, clone(between));
        await downThenClean(harness, withoutLink(between));
      }
    }
  }
  assert.ok(count > 60, `${count}`);
});

Deno.test("an interface of the kernel's that others made after up was killed stays", async () => {
  using harness = new Harness();
  const up = (session: Session) => bringUp(session, CONFIG, PATH);
  const all = await moments(harness, new ModelSystem(), up, "kernel");
  const before = all.find(({ operation }) => operation === "createKernelInterface");
  const after = all.at(-1);
  assert.ok(before !== undefined && after !== undefined);
  for (const { system, files } of [clone(before), withoutLink(after)]) {
    harness.restore(files);
    system.state.nextIndex = 50;
    system.createKernelInterface("wg0");
    system.configure("wg0", "kernel", CONFIG, new Map());
    await takeDown(harness.session(system));
    assert.equal(system.link("wg0")?.index, 50);
  }
});
