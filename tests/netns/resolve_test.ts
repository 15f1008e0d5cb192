/** Endpoints by name: servers that move while the tunnel runs, and names that have no address yet. */
import assert from "node:assert/strict";
import { NAME, NAME_SERVER, NamedSite, NEW, NOWHERE, OLD, RECOVERY } from "./harness/named_site.ts";
import { INNER, INTERNET } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

Deno.test("a tunnel for everything finds its server again, which has moved", async () => {
  await using named = await NamedSite.create({ [NAME]: [OLD] });
  const { site } = named;
  await site.writeConfig({
    interface: [`DNS = ${INNER.remote[4]}`],
    endpoint: `${NAME}:51820`,
    allowedIps: "0.0.0.0/0, ::/0",
  });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  assert.ok(await site.answers(INTERNET[4]));
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  const unmarked = await named.packets("unmarked");

  await named.moveServer();
  await named.setZone({ [NAME]: [NEW] });
  await waitFor("the tunnel to work again", () => site.answers(INTERNET[4], 1), RECOVERY);
  const { endpoint, endpointName, endpointLookedUp } = await named.status();
  assert.equal(endpoint, `${NEW}:51820`);
  assert.equal(endpointName, `${NAME}:51820`);
  assert.ok(Math.abs(Date.now() / 1000 - endpointLookedUp) < 600);
  assert.ok(await named.packets("marked") >= 2, "queries carry the mark of the tunnel's packets");
  assert.equal(await named.packets("unmarked"), unmarked, "and none goes without");
  await site.wgtsOk("down", "wg0");
});

Deno.test("an answer that is too large for a datagram is fetched by TCP", async () => {
  await using named = await NamedSite.create({ [NAME]: [NOWHERE] });
  const { site } = named;
  await site.writeConfig({ endpoint: `${NAME}:51820`, allowedIps: "0.0.0.0/0" });
  await site.wgtsOk("up", "wg0");
  await named.setZone({ [NAME]: [OLD], truncates: true });
  await waitFor("the tunnel", () => site.answers(INTERNET[4], 1), RECOVERY);
  assert.match(await named.queries(), /udp A vpn\.example\.com\n[^]*tcp A vpn\.example\.com\n/);
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  await site.wgtsOk("down", "wg0");
});

Deno.test("of the two families, the one that works is found at once", async () => {
  await using named = await NamedSite.create({ [NAME]: ["2001:db8::99", OLD] });
  const { site } = named;
  // There is a route for IPv6, but nobody at its end.
  await site.remote.sh("ip6tables -V >/dev/null; ip -6 route add blackhole 2001:db8::99");
  await site.writeConfig({ endpoint: `${NAME}:51820` });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  await site.wgtsOk("down", "wg0");
});

Deno.test("a fallback endpoint is used when the endpoint doesn't answer", async () => {
  await using named = await NamedSite.create({ [NAME]: [NOWHERE], "b.example.com": [OLD] });
  const { site } = named;
  const config = site.config({ endpoint: `${NAME}:51820` });
  await site.host.writeFile(
    "/etc/wireguard/wg0.conf",
    `${config}FallbackEndpoints = 198.51.100.98:51820, b.example.com:51820\n`,
  );
  await site.wgtsOk("up", "wg0");
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1), RECOVERY);
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  await site.wgtsOk("down", "wg0");
});

Deno.test("with an interval, a name's new address is followed while the old one still answers", async () => {
  await using named = await NamedSite.create({ [NAME]: [OLD] });
  const { site } = named;
  await site.remote.sh(`ip address add ${NEW}/32 dev lo`);
  await site.writeConfig({
    interface: ["ReresolveInterval = 3"],
    endpoint: `${NAME}:51820`,
  });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await named.setZone({ [NAME]: [NEW] });
  await waitFor("the new address", async () => {
    return (await named.status()).endpoint === `${NEW}:51820`;
  }, RECOVERY);
  assert.ok(await site.answers(INNER.remote[4]));
  await site.wgtsOk("down", "wg0");
});

Deno.test("a name without an address doesn't stop `up', unless it is to be strict", async () => {
  await using named = await NamedSite.create({});
  const { site } = named;
  await site.writeConfig({ endpoint: `${NAME}:51820` });
  const strict = await site.wgts("up", "--strict", "wg0");
  assert.notEqual(strict.code, 0);
  assert.match(strict.stderr, /vpn\.example\.com:51820/);
  const { code, stderr } = await site.wgts("up", "wg0");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^wgts: warning: .*`vpn\.example\.com:51820': its peer can't be reached/m);
  await named.setZone({ [NAME]: [OLD] });
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1), RECOVERY);
  await site.wgtsOk("down", "wg0");
});

Deno.test("/etc/hosts is looked into, and name servers need not answer then", async () => {
  await using named = await NamedSite.create({ silent: true });
  const { site } = named;
  await site.host.sh(`echo ${NOWHERE} ${NAME} >>/run/hosts`);
  await site.writeConfig({ endpoint: `${NAME}:51820` });
  await site.wgtsOk("up", "wg0");
  // In place: what is mounted over /etc/hosts is this very file.
  await site.host.sh(`hosts=$(sed s/${NOWHERE}/${OLD}/ /run/hosts); echo "$hosts" >/run/hosts`);
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1), RECOVERY);
  await site.wgtsOk("down", "wg0");
});

Deno.test("queries leave as the tunnel's own datagrams, from the address and by the interface bound to", async () => {
  await using named = await NamedSite.create({ [NAME]: [NOWHERE] });
  const { site } = named;
  await site.host.sh("ip address add 10.77.0.9/24 dev eth0");
  await site.writeConfig({
    interface: ["BindAddress = 10.77.0.9", "BindInterface = eth0"],
    endpoint: `${NAME}:51820`,
  });
  await site.wgtsOk("up", "wg0");
  // What isn't bound to eth0 goes another way now.
  await site.host.sh(`ip link add wrong type veth peer name other
    ip link set wrong up; ip link set other up
    ip route add ${NAME_SERVER} dev wrong; ip route add 198.51.100.0/24 dev wrong
    nft add counter inet queries others
    nft add rule inet queries leaving ip daddr ${NAME_SERVER} ip saddr != 10.77.0.9 counter name others
    nft add rule inet queries leaving oifname wrong ip daddr ${NAME_SERVER} counter name others`);
  await named.setZone({ [NAME]: [OLD], truncates: true });
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1), RECOVERY);
  assert.match(await named.queries(), /tcp A vpn\.example\.com\n/);
  assert.equal(await named.packets("others"), 0);
  await site.wgtsOk("down", "wg0");
});
