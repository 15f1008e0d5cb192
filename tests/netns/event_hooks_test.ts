/** Commands of a config for what happens to peers: what they are told, and that nothing depends on them. */
import assert from "node:assert/strict";
import { attendants, NAME, roam, TELL, waitForFile, write } from "./harness/event_hooks.ts";
import { INNER, NEAR_ENDPOINT, Site } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

Deno.test("commands are told of events, also of the handshake during up, and hold up nothing", async () => {
  await using site = await Site.create();
  const { host } = site;
  await write(
    site,
    `PostUp = ping -n -q -c 1 -W 60 ${INNER.remote[4]}`,
    "OnHandshake = false",
    `OnHandshake = ${TELL} >>/run/shaken; test %i = "$INTERFACE" # kept`,
    `OnHandshake = echo "$WGTS_PEER_NAME" >/run/name`,
    `OnRoam = ${TELL} >/run/part; mv /run/part /run/roamed`,
  );
  await site.wgtsOk("up", "wg0");
  assert.equal(await waitForFile(site, "/run/name"), `${NAME}\n`);
  assert.equal(
    await host.sh("cat /run/shaken"),
    [
      `WGTS_ENDPOINT=${NEAR_ENDPOINT}`,
      "WGTS_ENDPOINT_NAME=",
      "WGTS_EVENT=handshake-completed",
      "WGTS_INTERFACE=wg0",
      "WGTS_OLD_ENDPOINT=",
      `WGTS_PEER=${site.keys.remotePublic}`,
      `WGTS_PEER_NAME=${NAME}`,
      "WGTS_ROLE=",
    ].map((line) => `${line}\n`).join(""),
  );
  assert.equal((await attendants(site)).length, 1);

  await roam(site, 51999);
  const roamed = await waitForFile(site, "/run/roamed");
  assert.match(roamed, /^WGTS_ENDPOINT=10\.77\.0\.2:51999$/m);
  assert.match(roamed, /^WGTS_OLD_ENDPOINT=10\.77\.0\.2:51820$/m);

  // What the file says by now, unless it can't be understood.
  await write(site, "OnRoam = trap '' TERM; echo $BASHPID >/run/hangs; sleep 6000; sleep 6000");
  await host.sh("echo '[Nonsense]' >>/etc/wireguard/wg0.conf");
  await roam(site, 51998);
  await waitFor("the former command to run", async () => {
    return /:51998$/m.test(await host.sh("cat /run/roamed"));
  });
  await write(site, "OnRoam = trap '' TERM; echo $BASHPID >/run/hangs; sleep 6000; sleep 6000");
  await roam(site, 51997);
  await waitForFile(site, "/run/hangs");
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  assert.notEqual((await host.try(["test", "-e", "/run/pwned"])).code, 0);
  // Only the one of `up'.
  assert.equal((await host.sh("grep -c ^WGTS_EVENT /run/shaken")).trim(), "1");
});

Deno.test("the process for commands ends with its interface, and nothing ends with it", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", "wg0");
  assert.deepEqual(await attendants(site), []);
  await site.wgtsOk("down", "wg0");
  await write(site, "OnHandshake = touch /run/shaken");
  await site.wgtsOk("up", "wg0");
  Deno.kill(await site.engine(), "SIGKILL");
  await site.waitForNoProcess();
  // Over the remains of the dead one, and at once again.
  await site.wgtsOk("up", "wg0");
  await site.wgtsOk("down", "wg0");
  await site.wgtsOk("up", "wg0");
  await waitFor("one to be left", async () => (await attendants(site)).length === 1);
  for (const pid of await attendants(site)) Deno.kill(pid, "SIGKILL");
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
});

Deno.test("up --foreground runs the commands itself, and ends those that hang", async () => {
  await using site = await Site.create();
  await write(site, "OnHandshake = echo $PPID >/run/parent; sleep 6000; sleep 6000");
  const process = await site.start("up", "--foreground", "wg0");
  await site.waitForTunnel();
  await waitForFile(site, "/run/parent");
  assert.deepEqual(await attendants(site), []);
  process.kill("SIGTERM");
  const { code, stderr } = await process.result;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /command 1 of OnHandshake ended with exit code 143$/m);
  await site.waitForNoProcess();
});

Deno.test("commands run in the network namespace of the interface", async () => {
  await using site = await Site.create();
  const { host } = site;
  await host.sh("ip netns add blue");
  await write(
    site,
    `PostUp = ping -n -q -c 1 -W 60 ${INNER.remote[4]}`,
    "OnHandshake = ip netns identify $$ >/run/namespace",
  );
  await site.wgtsOk("up", "--netns=blue", "wg0");
  assert.equal(await waitForFile(site, "/run/namespace"), "blue\n");
  await site.wgtsOk("down", "--netns=blue", "wg0");
  await site.waitForNoProcess();
});
