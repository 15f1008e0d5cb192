/**
 * `wgts save`, and `down` of a config with SaveConfig: what the interface became, in the config as it
 * was.
 */
import assert from "node:assert/strict";
import { wgts } from "./harness/program.ts";
import { generateKey, INNER, NEAR_ENDPOINT, Site } from "./harness/site.ts";

const CONFIG = "/etc/wireguard/wg0.conf";
const PEER = await publicKeyOf(await generateKey());

async function publicKeyOf(privateKey: string): Promise<string> {
  const child = new Deno.Command("wg", { args: ["pubkey"], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(privateKey));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trim();
}

/** A config as people write them. */
function configOf(site: Site, more = ""): string {
  return `# Do not touch without asking Alice.
[Interface]
	PrivateKey=${site.keys.host}   # secret
	Address=${INNER.host[4]}/24
	Address=${INNER.host[6]}/64
	ListenPort=51999
	PostUp=true # 1; %i
${more}
# the remote host
[peer]
publickey = ${site.keys.remotePublic}
Endpoint = remote.test:51820 # by name
allowedips = ${INNER.remote[4]} , ${INNER.remote[6]}/128

# end
`;
}

async function createSite(more?: string): Promise<Site> {
  const site = await Site.create();
  await site.host.sh(`echo '${NEAR_ENDPOINT.split(":")[0]} remote.test' >>/run/hosts
    cat /etc/hosts >>/run/hosts; mount --bind /run/hosts /etc/hosts`);
  await site.host.writeFile(CONFIG, configOf(site, more));
  await site.host.sh(`chmod 640 ${CONFIG}; chown 12:34 ${CONFIG}`);
  return site;
}

const read = (site: Site) => site.host.sh(`cat ${CONFIG}`);
const identity = (site: Site) => site.host.sh(`stat -c '%i %Y %a %u:%g' ${CONFIG}`);

Deno.test("save of a tunnel that nobody changed leaves the config alone", async () => {
  await using site = await createSite();
  const before = await identity(site);
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const { code, stdout, stderr } = await site.wgts("save", "wg0");
  assert.deepEqual([code, stdout, stderr], [0, "", "[#] wg showconf wg0\n"]);
  assert.equal(await identity(site), before);
  await site.wgtsOk("down", "wg0");
  assert.equal(await read(site), configOf(site));
});

Deno.test("save writes what was changed and keeps the rest, and a symbolic link", async () => {
  await using site = await createSite();
  const { host } = site;
  await host.sh(`mkdir /run/real; mv ${CONFIG} /run/real/wg0.conf
    ln -s /run/real/wg0.conf ${CONFIG}`);
  await site.wgtsOk("up", "wg0");
  await host.sh(`wg set wg0 listen-port 51998 fwmark 0x7 peer ${PEER} allowed-ips 10.99.0.0/16
    wg set wg0 peer ${site.keys.remotePublic} persistent-keepalive 25
    ip address delete ${INNER.host[6]}/64 dev wg0
    ip address add 10.99.0.1/16 dev wg0`);
  const result = await host.sh(`${wgts().join(" ")} wg-quick save wg0 2>&1`);
  assert.equal(result, "[#] wg showconf wg0\n");
  const expected = configOf(site)
    .replace("ListenPort=51999", "ListenPort=51998")
    .replace(`${INNER.host[6]}/64`, "10.99.0.1/16")
    .replace("# 1; %i\n", "# 1; %i\n\tFwMark=0x7\n")
    .replace("/128\n", "/128\nPersistentKeepalive = 25\n") +
    `\n[Peer]\nPublicKey = ${PEER}\nAllowedIPs = 10.99.0.0/16\n`;
  assert.equal(await read(site), expected);
  assert.equal(await host.sh(`readlink ${CONFIG}`), "/run/real/wg0.conf\n");
  assert.equal(await host.sh(`stat -c '%a %u:%g' /run/real/wg0.conf`), "640 12:34\n");
  assert.equal(await host.sh("ls /run/real"), "wg0.conf\n");
  // What was saved is what comes up again, and then there is nothing to save.
  await site.wgtsOk("down", "wg0");
  await site.wgtsOk("up", "wg0");
  const show = await host.sh("wg showconf wg0");
  assert.match(show, /ListenPort = 51998\nFwMark = 0x7\n/);
  assert.ok(show.includes(PEER));
  await site.wgtsOk("save", "wg0");
  assert.equal(await read(site), expected);
  await site.wgtsOk("down", "wg0");
});

Deno.test("down of a config with SaveConfig saves it first; a failure keeps the tunnel up", async () => {
  await using site = await createSite("\tSaveConfig=true");
  const { host } = site;
  await site.wgtsOk("up", "wg0");
  await host.sh(`wg set wg0 peer ${site.keys.remotePublic} remove`);
  await host.sh("mount --bind -o ro /etc/wireguard /etc/wireguard");
  const failed = await site.wgts("down", "wg0");
  assert.equal(failed.code, 1, failed.stderr);
  assert.match(failed.stderr, /Cannot write \/etc\/wireguard\/wg0\.conf: Read-only file system\n$/);
  assert.equal(await host.sh("wg show interfaces"), "wg0\n");
  await host.sh("umount /etc/wireguard");
  await site.wgtsOk("down", "wg0");
  assert.equal(await host.sh("wg show interfaces"), "");
  const saved = await read(site);
  assert.ok(!saved.includes("[peer]") && !saved.includes("# the remote host"), saved);
  assert.ok(saved.startsWith("# Do not touch") && saved.endsWith("\n# end\n"), saved);
});

Deno.test("save of what isn't there says so and writes nothing", async () => {
  await using site = await createSite();
  const before = await identity(site);
  for (
    const [name, complaint] of [
      ["wg0", "wgts: `wg0' is not a WireGuard interface\n"],
      ["wg9", "wgts: `/etc/wireguard/wg9.conf' does not exist\n"],
    ] as const
  ) {
    const { code, stdout, stderr } = await site.wgts("save", name);
    assert.deepEqual([code, stdout, stderr], [1, "", complaint]);
  }
  assert.equal(await identity(site), before);
});
