/** Commands for events: from and to which reload they run, and those for events that come seldom. */
import assert from "node:assert/strict";
import {
  attendants,
  followers,
  NAME,
  roam,
  TELL,
  told,
  waitForAttendants,
  waitForFile,
  write,
} from "./harness/event_hooks.ts";
import { NAME as HOST_NAME, NamedSite, NEW, OLD } from "./harness/named_site.ts";
import { pathOf } from "./harness/paths.ts";
import { wgts } from "./harness/program.ts";
import { INNER, Site } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

Deno.test("reload begins to run commands with the first that it finds, and ends with the last", async () => {
  await using site = await Site.create();
  const { host } = site;
  await site.writeConfig();
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  assert.deepEqual(await attendants(site), []);

  await write(
    site,
    "OnHandshake = touch /run/shaken",
    `OnRoam = ${TELL} >/run/part; mv /run/{part,one}`,
  );
  await site.wgtsOk("reload", "wg0");
  await waitForAttendants(site, 1);
  await roam(site, 51999);
  assert.equal(told(await waitForFile(site, "/run/one")).WGTS_ENDPOINT, "10.77.0.2:51999");
  // That handshake was before the reload.
  assert.notEqual((await host.try(["test", "-e", "/run/shaken"])).code, 0);

  await write(
    site,
    "OnRoam = echo $PPID >/run/part; mv /run/{part,two}; sleep 3; touch /run/ended",
  );
  await site.wgtsOk("reload", "wg0");
  const [attendant] = await attendants(site);
  await roam(site, 51998);
  await waitForFile(site, "/run/two");
  assert.deepEqual(await attendants(site), [attendant]);

  await site.writeConfig();
  await site.wgtsOk("reload", "wg0");
  await waitForAttendants(site, 0);
  // The command that ran then was not cut off.
  assert.equal((await host.try(["test", "-e", "/run/ended"])).code, 0);
  await write(site, "OnRoam = touch /run/never");
  await roam(site, 51997);

  await write(site, "OnRoam = echo again >/run/three");
  await site.wgtsOk("reload", "wg0");
  for (const pid of await attendants(site)) Deno.kill(pid, "SIGKILL");
  await waitForAttendants(site, 0);
  await site.wgtsOk("reload", "wg0");
  assert.equal((await site.wgts("reload", "wg0")).stderr, "wgts: wg0 is as its config says\n");
  await waitForAttendants(site, 1);
  await roam(site, 51996);
  await waitForFile(site, "/run/three");
  assert.notEqual((await host.try(["test", "-e", "/run/never"])).code, 0);
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
});

Deno.test("reload has commands run for a tunnel of up --foreground too", async () => {
  await using site = await Site.create();
  await site.writeConfig();
  const process = await site.start("up", "--foreground", "wg0");
  await site.waitForTunnel();
  await write(site, "OnRoam = echo 1 >/run/roamed");
  await site.wgtsOk("reload", "wg0");
  await waitForAttendants(site, 1);
  await roam(site, 51999);
  await waitForFile(site, "/run/roamed");
  process.kill("SIGTERM");
  assert.equal((await process.result).code, 0);
  await site.waitForNoProcess();

  await site.host.sh("rm /run/roamed");
  await site.remote.sh("wg set wg0 listen-port 51820");
  const other = await site.start("up", "--foreground", "wg0");
  await site.waitForTunnel();
  await site.writeConfig();
  await site.wgtsOk("reload", "wg0");
  await write(site, "OnRoam = echo $PPID >/run/roamed");
  await site.wgtsOk("reload", "wg0");
  await roam(site, 51998);
  await waitForFile(site, "/run/roamed");
  assert.deepEqual(await attendants(site), []);
  other.kill("SIGTERM");
  assert.equal((await other.result).code, 0);
  await site.waitForNoProcess();
});

Deno.test("OnReresolve is told of the name, and of both of its addresses", async () => {
  await using named = await NamedSite.create({ [HOST_NAME]: [OLD] });
  const { site } = named;
  await site.remote.sh(`ip address add ${NEW}/32 dev lo`);
  await site.writeConfig({
    interface: [
      "ReresolveInterval = 2",
      `OnReresolve = ${TELL} >/run/part; mv /run/{part,resolved}`,
    ],
    endpoint: `${HOST_NAME}:51820`,
  });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await named.setZone({ [HOST_NAME]: [NEW] });
  assert.deepEqual(told(await waitForFile(site, "/run/resolved")), {
    WGTS_ENDPOINT: `${NEW}:51820`,
    WGTS_ENDPOINT_NAME: `${HOST_NAME}:51820`,
    WGTS_EVENT: "endpoint-reresolved",
    WGTS_INTERFACE: "wg0",
    WGTS_OLD_ENDPOINT: `${OLD}:51820`,
    WGTS_PEER: site.keys.remotePublic,
    WGTS_PEER_NAME: "",
    WGTS_ROLE: "",
  });
  assert.ok(await site.answers(INNER.remote[4]));
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
});

/** Three times REJECT_AFTER_TIME, and a bit: then all keys of a peer are erased. */
const UNTIL_ERASED_MS = 600_000;

Deno.test("OnSessionExpired tells of a peer whose keys were erased, once", async () => {
  await using site = await Site.create();
  const { host } = site;
  await write(site, `OnSessionExpired = ${TELL} >>/run/expired`);
  const program = [Deno.execPath(), "run", "-A", "--quiet", pathOf("engine_ahead.ts")];
  const engine = await host.start([...program, "wg0", "/run/ahead", String(UNTIL_ERASED_MS)]);
  await waitFor("the engine", async () => (await host.try(["wg", "show", "wg0"])).code === 0);
  await host.sh(`wg setconf wg0 <(${wgts().join(" ")} strip wg0)
    ip address add ${INNER.host[4]}/24 dev wg0
    ip address add ${INNER.host[6]}/64 dev wg0
    ip link set wg0 up`);
  const index = (await host.sh("ip -o link show wg0 | cut -d : -f 1")).trim();
  const attendant = await host.start(
    [...wgts(), "attend", "wg0", index, "/etc/wireguard/wg0.conf", "0"],
  );
  await waitForAttendants(site, 1);
  await site.waitForTunnel();
  const events = await host.start([...wgts(), "events", "--json", "--count=1", "wg0"]);
  await waitFor("the reader", async () => await followers(site) === 2);
  await host.sh("touch /run/ahead");
  await waitFor("the keys to be erased", async () => {
    // Whoever waits for a packet looks at no clock.
    await host.sh("wg show wg0");
    return (await host.try(["test", "-s", "/run/expired"])).code === 0;
  });
  const expected = {
    WGTS_ENDPOINT: "",
    WGTS_ENDPOINT_NAME: "",
    WGTS_EVENT: "sessions-expired",
    WGTS_INTERFACE: "wg0",
    WGTS_OLD_ENDPOINT: "",
    WGTS_PEER: site.keys.remotePublic,
    WGTS_PEER_NAME: NAME,
    WGTS_ROLE: "",
  };
  assert.deepEqual(told(await waitForFile(site, "/run/expired")), expected);
  const event = JSON.parse((await events.result).stdout);
  assert.deepEqual([event.event, event.peer.publicKey], ["sessions-expired", expected.WGTS_PEER]);
  // With a new session, the tunnel works on.
  await site.waitForTunnel();
  await host.sh("ip link delete wg0");
  await Promise.all([engine.result, attendant.result]);
  assert.equal((await host.sh("grep -c ^WGTS_EVENT /run/expired")).trim(), "1");
});
