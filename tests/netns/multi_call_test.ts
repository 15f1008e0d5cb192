/** The program in the place of wg, wg-quick and wireguard-go: below scripts, and instead of them. */
import assert from "node:assert/strict";
import { wgts } from "./harness/program.ts";
import { pathOf } from "./harness/paths.ts";
import { FAR_ENDPOINT, INNER, INTERNET, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** Of the host: where programs are found first. */
const LINKS = "/run/links";

/** Makes the links, or where the program isn't compiled, scripts that do the same. */
async function installLinks(site: Site): Promise<void> {
  await site.host.sh(`mkdir -p ${LINKS}`);
  if (Deno.env.get("WGTS")) {
    await site.wgtsOk("install-links", LINKS);
    return;
  }
  for (const name of ["wg", "wg-quick", "wireguard-go"]) {
    const script = `#!/bin/sh\nexec ${wgts().join(" ")} ${name} "$@"\n`;
    await site.host.writeFile(`${LINKS}/${name}`, script, 0o755);
  }
}

/** What a script of wg-quick and its commands did, apart from what differs from run to run. */
interface Trace {
  readonly stderr: string;
  readonly state: string;
}

/** Runs the `wg-quick` in `directory`, which looks for all programs there first. */
async function wgQuick(site: Site, directory: string, verb: string): Promise<Trace> {
  const result = await site.host.attempt(
    `PATH=${directory}:$PATH ${directory}/wg-quick ${verb} wg0`,
  );
  assert.equal(result.code, 0, result.stderr);
  // The banner of the real wireguard-go, and the pipes of bash.
  const stderr = result.stderr.replace(/^[┌│└].*\n/gm, "").replace(/\/dev\/fd\/\d+/g, "/dev/fd/N");
  return { stderr: result.stdout + stderr, state: await stateOf(site) };
}

/** All that wg-quick can change. The interface's link-local address is random. */
async function stateOf(site: Site): Promise<string> {
  const state = await site.host.sh(`
    ip -brief address
    ip link show dev wg0 2>/dev/null | grep -o 'mtu [0-9]*' || true
    for family in -4 -6; do
      ip $family rule
      ip $family route show table all | grep -v 'fe80:'
    done
    nft list ruleset
    wg showconf wg0 2>/dev/null || true
    cat /etc/wireguard/wg0.conf
    cat /proc/sys/net/ipv4/conf/all/src_valid_mark
    ls /run/wireguard 2>/dev/null || true`);
  return state.replace(/\bfe80:[0-9a-f:]+/g, "fe80::N");
}

for (
  const [what, settings] of [
    ["with routes to the peer", {}],
    ["with the default route", { endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" }],
  ] as const
) {
  Deno.test(`the real wg-quick runs on wgts as on wg and wireguard-go, ${what}`, async () => {
    await using site = await Site.create();
    const { host } = site;
    await installLinks(site);
    await host.sh(`rm ${LINKS}/wg-quick
      mkdir /run/real
      for program in wg wireguard-go; do ln -s "$(command -v $program)" /run/real/; done
      # It puts its own directory in front of PATH.
      for directory in ${LINKS} /run/real; do cp "$(command -v wg-quick)" $directory/wg-quick; done`);
    const config = site.config({
      ...settings,
      interface: [
        "ListenPort = 51999",
        "PostUp = wg show %i peers; echo up",
        "PreDown = echo down",
        "SaveConfig = true",
      ],
    }).replace("[Peer]", `[Peer]\nPresharedKey = ${site.keys.host}`);
    const traces = async (directory: string): Promise<Record<string, Trace>> => {
      await host.writeFile("/etc/wireguard/wg0.conf", config);
      // It doesn't reset that one.
      await host.sh("echo 0 >/proc/sys/net/ipv4/conf/all/src_valid_mark");
      const before = await stateOf(site);
      const strip = await wgQuick(site, directory, "strip");
      const up = await wgQuick(site, directory, "up");
      const save = await wgQuick(site, directory, "save");
      const down = await wgQuick(site, directory, "down");
      await site.waitForNoProcess();
      await host.writeFile("/etc/wireguard/wg0.conf", config);
      await host.sh("echo 0 >/proc/sys/net/ipv4/conf/all/src_valid_mark");
      assert.equal(await stateOf(site), before);
      return { strip, up, save, down };
    };
    const theirs = await traces("/run/real");
    const ours = await traces(LINKS);
    assert.match(theirs.up?.stderr ?? "", / address add /);
    assert.match(theirs.up?.state ?? "", /\[Peer\]\nPublicKey = /);
    assert.match(theirs.save?.state ?? "", /Address = 10\.88\.0\.1\/24/);
    assert.deepEqual(ours, theirs);
  });
}

Deno.test("wg-quick by a link brings a tunnel up and down, and wg shows it", async () => {
  await using site = await Site.create();
  await installLinks(site);
  const before = await snapshot(site.host);
  const path = `PATH=${LINKS}:$PATH`;
  await site.host.sh(`${path} wg-quick up wg0`);
  await site.waitForTunnel();
  const again = await site.host.attempt(`${path} wg-quick up wg0`);
  assert.deepEqual({ ...again, stderr: "" }, { code: 1, stdout: "", stderr: "" });
  assert.match(again.stderr, /^wg-quick: `wg0' already exists\b.*\n$/);
  const peers = await site.host.sh(`${path} wg show wg0 peers`);
  assert.equal(peers, `${site.keys.remotePublic}\n`);
  assert.equal(await site.host.sh(`${path} wg`), await site.host.sh("wg"));
  // As the unit wg-quick@.service reloads.
  await site.host.sh(`exec 3< <(${path} wg-quick strip wg0); ${path} wg syncconf wg0 /dev/fd/3`);
  await site.host.sh(`${path} wg-quick down wg0`);
  const down = await site.host.attempt(`${path} wg-quick down wg0`);
  assert.deepEqual({ ...down, stderr: "" }, { code: 1, stdout: "", stderr: "" });
  assert.match(down.stderr, /^wg-quick: `wg0' is not a WireGuard interface\b.*\n$/);
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("wireguard-go by a link serves in the background, and as long as it is told to", async () => {
  await using site = await Site.create();
  await installLinks(site);
  const { host } = site;
  const before = await snapshot(host);
  await host.sh(`printed=$(${LINKS}/wireguard-go wg9); test "$printed" = ""`, { timeout: 120_000 });
  assert.match(await host.sh("ip link show wg9"), /\bmtu 1420\b/);
  assert.equal(await host.sh("wg show interfaces"), "wg9\n");
  const second = await host.attempt(`${LINKS}/wireguard-go wg9`);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^(\S*\/)?wireguard-go: Cannot create the interface "wg9": .*\n$/);
  await host.sh("rm /var/run/wireguard/wg9.sock");
  await site.waitForNoProcess();
  for (const option of [["-f"], ["--foreground"], []]) {
    const process = await host.start([`${LINKS}/wireguard-go`, ...option, "wg9"], {
      LOG_LEVEL: "verbose",
      ...(option.length === 0 && { WG_PROCESS_FOREGROUND: "1" }),
    });
    await waitFor("wg9 to be served", async () => {
      return (await host.attempt("wg show wg9")).code === 0;
    });
    await host.sh("ip link delete wg9");
    const { code, stderr } = await process.result;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\(wg9\)/);
  }
  await assertRestored(host, before);
});

for (const foreground of [false, true]) {
  const how = foreground ? "in the foreground" : "in the background";
  Deno.test(`wireguard-go serves an interface and a socket that it inherits, ${how}`, async () => {
    await using site = await Site.create();
    const { host } = site;
    const before = await snapshot(host);
    const options = foreground ? ["-f"] : [];
    const [program = "", ...args] = wgts();
    const path = program.startsWith("/") ? program : Deno.execPath();
    const process = await host.start([
      Deno.execPath(),
      "run",
      "-A",
      "--quiet",
      pathOf("./pass_fds.ts"),
      "inherited0",
      path,
      ...args,
      "wireguard-go",
      ...options,
      // An inherited interface keeps its name.
      "other0",
    ]);
    if (!foreground) {
      const { code, stdout, stderr } = await process.result;
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    }
    await waitFor("the inherited interface to be served", async () => {
      return (await host.attempt("timeout 60 wg show inherited0 peers")).code === 0;
    });
    assert.equal(await host.sh("wg show interfaces"), "inherited0\n");
    // It carries traffic.
    await host.writeFile(
      "/run/inherited.conf",
      site.config({ allowedIps: `${INNER.remote[4]}/32, ${INTERNET[4]}/32` })
        .replace(/^Address.*$/m, ""),
    );
    await host.sh(`wg setconf inherited0 /run/inherited.conf; rm /run/inherited.conf
      ip address add ${INNER.host[4]}/24 dev inherited0
      ip link set inherited0 up`);
    await waitFor("an answer", () => site.answers(INNER.remote[4], 1));
    await host.sh("ip link delete inherited0");
    await site.waitForNoProcess();
    if (foreground) assert.equal((await process.result).code, 0);
    await assertRestored(host, before);
  });
}
