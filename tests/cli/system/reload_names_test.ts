/** Names of endpoints that a reload finds in the config: which it looks up, and what it does without. */
import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { reload } from "../../../cli/system/reload.ts";
import type { ResolvedEndpoints, RunningResolver } from "../../../cli/system/system.ts";
import { bringUp } from "../../../cli/system/tunnel.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import type { ConfigEndpoint, QuickConfig } from "../../../core/config/types.ts";
import type { Backend } from "../../../core/plan.ts";
import { formatPublicKey } from "../../../core/keys.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { Harness } from "./harness.ts";
import { ModelSystem } from "./model.ts";

const PATH = "/etc/wireguard/wg0.conf";
const KEY = (byte: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(byte)));

/** A config whose peers have these endpoints, and some lines more. */
function configOf(endpoints: readonly string[], more = ""): QuickConfig {
  const peers = endpoints.map((endpoint, i) => {
    return `[Peer]\nPublicKey = ${KEY(i + 1)}\nAllowedIPs = 10.${i}.0.0/16\n${
      endpoint && `Endpoint = ${endpoint}\n`
    }`;
  });
  return parseQuickConfig(`[Interface]\nPrivateKey = ${KEY(99)}\n${more}\n${peers.join("")}`, PATH);
}

/** What the engine was told of one peer: its names, and the addresses of the first one. */
type Told = readonly [peer: number, names: string, addresses: number];

/** A system where names beginning with "bad" have no address. */
class NamesSystem extends ModelSystem {
  /** What was looked up, and what was to be known of the running tunnel. */
  asked: string[] = [];
  running: (RunningResolver | undefined)[] = [];
  told: Told[] = [];

  override async resolve(
    endpoint: ConfigEndpoint,
    signal: AbortSignal,
    running?: RunningResolver,
  ): Promise<readonly UapiEndpoint[]> {
    this.asked.push(endpoint.host);
    this.running.push(running);
    if (endpoint.host.startsWith("bad")) throw new Error(`Unknown: \`${endpoint.text}'`);
    return await super.resolve(endpoint, signal);
  }

  override namePeers(
    _name: string,
    { peers }: QuickConfig,
    endpoints: ResolvedEndpoints,
    former: Readonly<Record<string, string>> = {},
  ): void {
    this.told = peers.flatMap(({ publicKey, endpoint }): Told[] => {
      if (endpoint === undefined) return [];
      if (former[formatPublicKey(publicKey)]?.trim() === endpoint.text) return [];
      return [[publicKey[0] ?? 0, endpoint.text, endpoints.get(endpoint)?.length ?? 0]];
    });
  }
}

class World implements Disposable {
  readonly system = new NamesSystem();
  readonly harness = new Harness();

  static async up(config: QuickConfig, backend: Backend = "userspace"): Promise<World> {
    const world = new World();
    await bringUp(world.harness.session(world.system, { backend }), config, PATH);
    world.forget();
    return world;
  }

  /** What was printed. */
  async reload(config: QuickConfig, settings: { strict?: boolean } = {}): Promise<string[]> {
    this.forget();
    await reload(this.harness.session(this.system, settings), config, PATH);
    return this.harness.printed;
  }

  forget(): void {
    this.harness.printed.length = 0;
    Object.assign(this.system, { asked: [], running: [], told: [] });
  }

  [Symbol.dispose](): void {
    this.harness[Symbol.dispose]();
  }
}

Deno.test("a name that isn't found is a warning; all else is applied, and the engine is told", async () => {
  using world = await World.up(configOf(["good1:1", "good2:2"]));
  const [warning, ...others] = await world.reload(configOf(["bad1:1", "good2:2", "good3:3"]));
  assert.match(warning ?? "", /^wgts: warning: Unknown: `bad1:1': its peer can't be reached until/);
  assert.ok(others.some((line) => line.includes("allowed-ips +10.2.0.0/16")), others.join("\n"));
  assert.deepEqual(world.system.told, [[1, "bad1:1", 0], [3, "good3:3", 1]]);
  const { peers = {} } = world.system.state.interfaces["wg0"] ?? {};
  assert.equal(Object.keys(peers).length, 3);
});

Deno.test("with --strict, a name that isn't found changes nothing", async () => {
  using world = await World.up(configOf(["good1:1"]));
  const { state } = world.system;
  const before = structuredClone(state), files = world.harness.files();
  const done = world.reload(configOf(["good1:1", "bad:2"], "MTU = 1300"), { strict: true });
  await assert.rejects(done, { message: "Unknown: `bad:2'" });
  assert.deepEqual(state, before);
  assert.deepEqual(world.harness.files(), files);
  assert.deepEqual(world.system.told, []);
});

Deno.test("where the kernel serves, a name that isn't found changes nothing", async () => {
  using world = await World.up(configOf(["good1:1"]), "kernel");
  const before = structuredClone(world.system.state);
  const done = world.reload(configOf(["bad:1"], "MTU = 1300"));
  await assert.rejects(done, { message: "Unknown: `bad:1'" });
  assert.deepEqual(world.system.state, before);
});

Deno.test("only names that are new are looked up, also where the old ones had no address", async () => {
  using world = await World.up(configOf(["bad1:1", "good2:2", "192.0.2.3:3"]));
  const next = configOf(["bad1:1", "good2:2", "192.0.2.3:3", "good4:4"]);
  await world.reload(next);
  assert.deepEqual(world.system.asked, ["good4"]);
  assert.deepEqual(world.system.told, [[4, "good4:4", 1]]);
  assert.deepEqual(await world.reload(next), ["wgts: wg0 is as its config says"]);
  assert.deepEqual(world.system.asked, []);
  // One that went meanwhile took its name along.
  delete world.system.state.interfaces["wg0"]?.peers["02".repeat(32)];
  await world.reload(next);
  assert.deepEqual(world.system.asked, ["good2"]);
  assert.deepEqual(world.system.told, [[2, "good2:2", 1]]);
});

Deno.test("who looks up is told what of the running tunnel may be in the way", async () => {
  using plain = await World.up(configOf(["good1:1"]));
  await plain.reload(configOf(["good2:1"]));
  assert.deepEqual(plain.system.running.map((it) => it && { ...it }), [
    { backend: "userspace", fwmark: 0, hasDns: false },
  ]);
  const lines = "FwMark = 7\nDNS = 10.0.0.53";
  using full = await World.up(configOf(["good1:1"], lines));
  await full.reload(configOf(["good2:1"]));
  assert.deepEqual(full.system.running, [{ backend: "userspace", fwmark: 7, hasDns: true }]);
});
