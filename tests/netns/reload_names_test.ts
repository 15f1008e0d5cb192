/** `wgts reload` and names of endpoints: who is asked, past what, and what happens when nobody knows. */
import assert from "node:assert/strict";
import { NAME, NamedSite, NEW, OLD, RECOVERY } from "./harness/named_site.ts";
import { wgts } from "./harness/program.ts";
import { INNER, INTERNET, NEAR_ENDPOINT } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

const OTHER_NAME = "new.example.com";

/** Runs `reload` without the patience that wg(8) has with name servers. */
function reload({ site }: NamedSite, ...args: string[]) {
  const command = ["env", "WG_ENDPOINT_RESOLUTION_RETRIES=0", ...wgts(), "reload", ...args, "wg0"];
  return site.host.try(command);
}

Deno.test("a new name without an address is a warning, unless reload is to be strict", async () => {
  await using named = await NamedSite.create({});
  const { site } = named;
  await site.writeConfig();
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await site.writeConfig({ interface: ["MTU = 1300"], endpoint: `${NAME}:51820` });
  const running = () =>
    site.host.sh(
      "wg show wg0 endpoints; ip -o link show wg0 | grep -o 'mtu [0-9]*'; cat /run/wgts/*.journal",
    );
  const before = await running();
  const strict = await reload(named, "--strict");
  assert.equal(strict.code, 1, strict.stderr);
  assert.match(strict.stderr, /^wgts: [^w].*`vpn\.example\.com:51820'$/m);
  assert.equal(await running(), before);

  const { code, stderr } = await reload(named);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^wgts: warning: .*`vpn\.example\.com:51820': its peer can't be reached/m);
  assert.match(await running(), /mtu 1300/);
  assert.equal((await named.status()).endpoint, NEAR_ENDPOINT);
  assert.ok(await site.answers(INNER.remote[4]));
  await named.setZone({ [NAME]: [OLD] });
  await waitFor("the engine to find it", async () => {
    return (await named.status()).endpoint === `${OLD}:51820`;
  }, RECOVERY);
  assert.ok(await site.answers(INNER.remote[4]));
  await site.wgtsOk("down", "wg0");
});

Deno.test("reload waits for no name that was there before", async () => {
  await using named = await NamedSite.create({});
  const { site } = named;
  await site.writeConfig({ endpoint: `${NAME}:51820` });
  await site.wgtsOk("up", "wg0");
  await named.setZone({ silent: true });
  await site.writeConfig({ interface: ["MTU = 1300"], endpoint: `${NAME}:51820` });
  const first = await site.wgts("reload", "wg0");
  assert.equal(first.stderr, "[#] ip link set mtu 1300 up dev wg0\n");
  const second = await site.wgts("reload", "wg0");
  assert.equal(second.stderr, "wgts: wg0 is as its config says\n");
  await site.wgtsOk("down", "wg0");
});

Deno.test("a new name is looked up past a dead tunnel for everything, and its DNS servers", async () => {
  await using named = await NamedSite.create({ [NAME]: [OLD], [OTHER_NAME]: [NEW] });
  const { site } = named;
  const config = { interface: [`DNS = ${INNER.remote[4]}`], allowedIps: "0.0.0.0/0, ::/0" };
  await site.writeConfig({ ...config, endpoint: `${NAME}:51820` });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const [marked, unmarked] = [await named.packets("marked"), await named.packets("unmarked")];
  await named.moveServer();
  await site.writeConfig({ ...config, endpoint: `${OTHER_NAME}:51820` });
  const { code, stderr } = await reload(named);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /warning/);
  const { endpoint, endpointName } = await named.status();
  assert.deepEqual([endpoint, endpointName], [`${NEW}:51820`, `${OTHER_NAME}:51820`]);
  assert.ok(
    await named.packets("marked") > marked,
    "queries carry the mark of the tunnel's packets",
  );
  assert.equal(await named.packets("unmarked"), unmarked, "and none goes without");
  await waitFor("the tunnel to work again", () => site.answers(INTERNET[4], 1), RECOVERY);
  await site.wgtsOk("down", "wg0");
});
