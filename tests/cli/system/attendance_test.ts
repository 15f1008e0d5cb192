/** Who runs the commands for events, from `up` and from reloads on. */
import assert from "node:assert/strict";
import { printReload, reload } from "../../../cli/system/reload.ts";
import { bringUp } from "../../../cli/system/tunnel.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { Harness, type SessionSettings } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";

const PATH = "/etc/wireguard/wg0.conf";
const NOTHING_TO_DO = "wgts: wg0 is as its config says";
const HOOK = "OnRoam = true";

class World implements Disposable {
  readonly system = new ModelSystem();
  readonly harness = new Harness();

  async up(lines: string): Promise<this> {
    await bringUp(this.harness.session(this.system), configOf(lines), PATH);
    return this;
  }

  /** Returns what was printed. */
  async reload(
    lines: string,
    { path = PATH, ...settings }: SessionSettings & { path?: string } = {},
  ): Promise<string[]> {
    this.harness.printed.length = 0;
    await reload(this.harness.session(this.system, settings), configOf(lines), path);
    return [...this.harness.printed];
  }

  async printReload(lines: string): Promise<string[]> {
    this.harness.printed.length = 0;
    await printReload(this.harness.session(this.system), configOf(lines), PATH);
    return [...this.harness.printed];
  }

  /** Those that were started, "-" where they ended. */
  get attendants(): string[] {
    return this.system.attendants.all.map(({ attended: { name, configPath, since }, ended }) =>
      `${name} ${configPath} ${since}${ended ? " -" : ""}`
    );
  }

  [Symbol.dispose](): void {
    this.harness[Symbol.dispose]();
  }
}

function configOf(lines: string) {
  return parseQuickConfig(`[Interface]\n${lines}\n`, PATH);
}

Deno.test("commands are attended from the reload on that adds the first, to the one that takes the last", async () => {
  using world = await new World().up("");
  const { wall } = world.system;
  assert.deepEqual(world.attendants, []);
  const dry = await world.printReload(HOOK);
  assert.deepEqual(dry, [`[#] wgts attend wg0 3 ${PATH}`]);
  assert.deepEqual(world.attendants, []);
  assert.deepEqual(await world.reload(HOOK), dry);
  assert.deepEqual(world.attendants, [`wg0 ${PATH} ${wall}`]);
  assert.deepEqual(await world.reload(`${HOOK}\nOnHandshake = false`), [NOTHING_TO_DO]);
  const printed = await world.reload("");
  assert.match(printed.join(), /^\[#\] kill -USR2 \d+$/);
  assert.deepEqual(world.attendants, [`wg0 ${PATH} ${wall} -`]);
  assert.deepEqual(await world.reload(""), [NOTHING_TO_DO]);
  await world.reload(HOOK);
  assert.equal(world.attendants.length, 2);
});

Deno.test("up attends what it finds, and a reload starts anew what died", async () => {
  using world = await new World().up(HOOK);
  assert.deepEqual(world.attendants, [`wg0 ${PATH} 0`]);
  assert.deepEqual(await world.reload(HOOK), [NOTHING_TO_DO]);
  for (const attendant of world.system.attendants.all) attendant.ended = true;
  assert.equal((await world.reload(HOOK)).length, 1);
  assert.deepEqual(await world.reload(HOOK), [NOTHING_TO_DO]);
  assert.equal(world.attendants.length, 2);
});

Deno.test("commands of another file are attended anew", async () => {
  using world = await new World().up(HOOK);
  await world.reload(HOOK, { path: "/root/wg0.conf" });
  assert.deepEqual(world.attendants.map((text) => text.replace(/ \d+/, "")), [
    `wg0 ${PATH} -`,
    "wg0 /root/wg0.conf",
  ]);
  assert.deepEqual(await world.reload(HOOK, { path: "/root/wg0.conf" }), [NOTHING_TO_DO]);
});

Deno.test("up --foreground goes on attending, whatever a reload finds", async () => {
  using world = new World();
  world.system.attendants.inForeground = true;
  await world.up(HOOK);
  assert.deepEqual(await world.reload(""), [NOTHING_TO_DO]);
  assert.deepEqual(await world.reload(HOOK), [NOTHING_TO_DO]);
  assert.deepEqual(world.attendants, [`wg0 ${PATH} 0`]);
  const [warning] = await world.reload(HOOK, { path: "/root/wg0.conf" });
  assert.match(warning ?? "", /^wgts: warning: .* are still those of \/etc\/wireguard\/wg0\.conf/);
});

Deno.test("where nothing can be started, that is a warning, or the whole reload is taken back", async () => {
  using world = await new World().up("MTU = 1400");
  world.system.fault = (operation) => operation === "startAttendant" ? failure("EAGAIN") : null;
  const printed = await world.reload(`MTU = 1300\n${HOOK}`);
  assert.match(printed.at(-1) ?? "", /^wgts: warning: no command .* runs for its events: .*EAGAIN/);
  assert.equal(world.system.state.links["wg0"]?.mtu, 1300);
  const strict = world.reload(`MTU = 1350\n${HOOK}`, { strict: true });
  await assert.rejects(strict, { message: "Cannot do that: EAGAIN" });
  assert.equal(world.system.state.links["wg0"]?.mtu, 1300);
});

Deno.test("what a reload started ends when the reload is taken back", async () => {
  using world = await new World().up("");
  // Where the journal is written anew in the end, something else is.
  const [name = ""] = Object.keys(world.harness.files());
  Deno.mkdirSync(`${world.harness.directory}/${name}.new`);
  await assert.rejects(world.reload(HOOK));
  assert.match(world.attendants.join(), /^\S+ \S+ \d+ -$/);
  Deno.removeSync(`${world.harness.directory}/${name}.new`);
  await world.reload(HOOK);
  assert.equal(world.attendants.filter((text) => !text.endsWith("-")).length, 1);
});
