/** Keys in files of their own: up, save and strip, with systemd's credentials too. */
import assert from "node:assert/strict";
import { wgts } from "./harness/program.ts";
import { INNER, NEAR_ENDPOINT, Site } from "./harness/site.ts";

const CONFIG = "/etc/wireguard/wg0.conf";
const PSK = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";

function configOf(site: Site): string {
  return `[Interface]
PrivateKeyFile = wg0.key # not here
Address = ${INNER.host[4]}/24, ${INNER.host[6]}/64
ListenPort = 51999
SaveConfig = true

[Peer]
PublicKey = ${site.keys.remotePublic}
PresharedKeyFile = keys/psk
Endpoint = ${NEAR_ENDPOINT}
AllowedIPs = ${INNER.remote[4]}/32, ${INNER.remote[6]}/128
`;
}

Deno.test("a tunnel's keys come from files and credentials, and never get into the config", async () => {
  await using site = await Site.create();
  const { host, remote } = site;
  await host.sh(`mkdir -p /etc/wireguard/keys /run/credentials`);
  await host.writeFile(CONFIG, configOf(site));
  await host.writeFile("/run/credentials/wg0.key", `${site.keys.host}\n`);
  await host.writeFile("/etc/wireguard/wg0.key", "not a key\n");
  await host.writeFile("/etc/wireguard/keys/psk", PSK);
  await host.sh("chmod 600 /etc/wireguard/wg0.key /etc/wireguard/keys/psk");
  const refused = await site.wgts("up", "wg0");
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /wg0.conf:2: cannot use PrivateKeyFile: "\/etc\/wireguard\/wg0.key": shorter than a key\n$/,
  );
  await remote.writeFile("/run/psk", PSK);
  await remote.sh("wg set wg0 peer $(wg show wg0 peers) preshared-key /run/psk");
  await host.sh(`CREDENTIALS_DIRECTORY=/run/credentials ${wgts().join(" ")} up wg0`);
  await site.waitForTunnel();
  const keys = await host.sh("wg show wg0 private-key; wg show wg0 preshared-keys | cut -f 2");
  assert.equal(keys, `${site.keys.host}\n${PSK}\n`);
  const stripped = await host.sh(
    `CREDENTIALS_DIRECTORY=/run/credentials ${wgts().join(" ")} wg-quick strip wg0`,
  );
  assert.match(
    stripped,
    new RegExp(`^PrivateKey = ${site.keys.host.replaceAll("+", "\\+")}$`, "m"),
  );
  assert.doesNotMatch(stripped, /KeyFile/);
  // Neither a key that changed nor the whole of `down' gets the key into the config.
  await host.sh(`wg set wg0 private-key /etc/wireguard/keys/psk`);
  const down = await host.sh(
    `CREDENTIALS_DIRECTORY=/run/credentials ${wgts().join(" ")} down wg0 2>&1`,
  );
  assert.match(down, /wg0.conf:2: the running private key isn't the one in this file, and isn't/);
  assert.equal(await host.sh(`cat ${CONFIG}`), configOf(site));
});
