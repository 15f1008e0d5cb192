/** What members of the group of `--status-group` see without root, and what they don't. */
import assert from "node:assert/strict";
import { parseExposition } from "../core/status/exposition.ts";
import type { Result } from "./harness/command.ts";
import { wgts } from "./harness/program.ts";
import { generateKey, Site } from "./harness/site.ts";

/** Of no user or group on any machine. */
const GROUP = 54321, OTHER_GROUP = 54322;
const SOCKET = "/run/wgts/status/wg0.sock";

/** A command to run as nobody, a member of `group`. */
function asMember(group: number, command: readonly string[]): string[] {
  return ["setpriv", "--reuid=65534", "--regid=65534", `--groups=${group}`, "--inh-caps=-all"]
    .concat("--", command);
}

/** Sends `request` to the status socket as a member of its group, and gives the answer. */
async function ask(site: Site, request: string): Promise<string> {
  const socat = ["socat", "-t5", "-", `UNIX-CONNECT:${SOCKET}`];
  return await site.host.run(asMember(GROUP, socat), { stdin: request });
}

Deno.test({
  name: "members of the status group see how an interface runs",
  // Others than root can't read the sources' modules in root's cache.
  ignore: !Deno.env.has("WGTS"),
  async fn() {
    await using site = await Site.create();
    const preshared = await generateKey();
    await site.host.writeFile(
      "/etc/wireguard/wg0.conf",
      `${site.config()}PresharedKey = ${preshared}\n# Name = Alice's \x1b[31mphone\n`,
    );
    await site.remote.writeFile("/run/preshared", preshared);
    await site.remote.sh(
      'wg set wg0 peer "$(wg show wg0 peers)" preshared-key /run/preshared',
    );
    await site.wgtsOk("up", `--status-group=${GROUP}`, "wg0");
    await site.waitForTunnel();
    const member = (...args: string[]): Promise<Result> =>
      site.host.try(asMember(GROUP, [...wgts(), ...args]));
    const outputs: string[] = [];
    for (const args of [["status"], ["status", "--json"], ["metrics"], ["top", "--once"]]) {
      const { code, stdout, stderr } = await member(...args);
      assert.equal(stderr, "", args.join(" "));
      assert.equal(code, 0, args.join(" "));
      outputs.push(stdout);
    }
    const [status = "", json = "", metrics = "", top = ""] = outputs;
    assert.match(status, /^ {2}name: Alice's \[31mphone\n/m);
    assert.match(status, /^ {2}rate: .*\/s received, .*\/s sent$/m);
    assert.equal(JSON.parse(json).interfaces[0].peers[0].name, "Alice's [31mphone");
    const [info] = parseExposition(metrics).get("wireguard_peer_info")?.samples ?? [];
    assert.equal(info?.labels.name, "Alice's [31mphone");
    assert.match(top, /Alice/);
    for (const secret of [site.keys.host, preshared]) {
      for (const output of outputs) assert.ok(!output.includes(secret));
    }
    for (const args of [["show", "wg0"], ["set", "wg0", "fwmark", "7"], ["down", "wg0"]]) {
      assert.equal((await member(...args)).code, 1, args.join(" "));
    }

    // As an implementation that was started with a umask of 077 makes it.
    await site.host.sh("chmod 700 /var/run/wireguard");
    for (const args of [["status"], ["status", "--json"], ["metrics"], ["top", "--once"]]) {
      const { code, stdout, stderr } = await member(...args);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
      assert.match(stdout, /Alice/, args.join(" "));
    }
    await site.host.sh("chmod 755 /var/run/wireguard");

    const outsider = (...args: string[]): Promise<Result> =>
      site.host.try(asMember(OTHER_GROUP, [...wgts(), ...args]));
    const { code, stdout, stderr } = await outsider("status", "wg0");
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, /^wgts: wg0: .*Permission denied.*--status-group.*\n$/);
    assert.match((await outsider("metrics")).stdout, /^wireguard_unreadable_interfaces 1$/m);

    await site.host.sh("ip link delete wg0");
    await site.waitForNoProcess();
    const ended = await member("status");
    assert.equal(ended.code, 1);
    assert.equal(
      ended.stdout,
      "interface: wg0\n  engine: ended\n  reason: for root to see\n",
    );
    assert.match(
      (await member("metrics")).stdout,
      /^wireguard_interface_up\{interface="wg0"\} 0$/m,
    );

    await site.wgtsOk("down", "wg0");
    await site.host.sh("chmod 700 /var/run/wireguard");
    for (const args of [["status"], ["metrics"], ["top", "--once"]]) {
      const { code, stdout, stderr } = await member(...args);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, args.join(" "));
      assert.match(stderr, /^wgts: Cannot list the interfaces of .*: Permission denied .*\n$/);
    }
  },
});

Deno.test("the status socket tells a group the status, and refuses all else", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", `--status-group=${GROUP}`, "wg0");
  const before = await site.host.sh("wg show wg0 dump | cut -f1-4,8");
  const status = await ask(site, "status=1\n\n");
  assert.match(status, /^version=[0-9.]+\n[^]*\nallowed_ip=[^]*\nerrno=0\n\n$/);
  assert.doesNotMatch(status, /private_key|preshared_key/);
  for (
    const request of [
      "get=1\n\n",
      "set=1\nlisten_port=7\nfwmark=7\n\n",
      "set=1\nreplace_peers=true\n\n",
      `set=1\nprivate_key=${"07".repeat(32)}\n\n`,
    ]
  ) {
    assert.equal(await ask(site, request), "errno=-13\n\n", request);
  }
  assert.equal(await site.host.sh("wg show wg0 dump | cut -f1-4,8"), before);
  assert.equal(
    await site.host.sh(`stat -c '%a %u:%g' /run/wgts /run/wgts/status ${SOCKET}`),
    `711 0:0\n755 0:0\n660 0:${GROUP}\n`,
  );
  assert.match(await site.host.sh("stat -c %a /run/wgts/*.journal"), /^600\n$/);
  const socat = asMember(OTHER_GROUP, ["socat", "-", `UNIX-CONNECT:${SOCKET}`]);
  assert.match((await site.host.try(socat, { stdin: "status=1\n\n" })).stderr, /Permission denied/);
  await site.wgtsOk("down", "wg0");
  await site.host.sh("test ! -e /run/wgts");
});

Deno.test("the environment names the status group, and one that there isn't is an error", async () => {
  await using site = await Site.create();
  const inGroup = (group: string, ...args: string[]): Promise<Result> =>
    site.host.try([...wgts(), ...args], { env: { WGTS_STATUS_GROUP: group } });
  const wrong = await inGroup("no-such-group", "run", "wg0");
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^wgts: Cannot use WGTS_STATUS_GROUP=no-such-group: expected a group/);
  assert.equal((await inGroup("daemon", "run", "wg0")).code, 0);
  assert.equal(await site.host.sh(`stat -c %G ${SOCKET}`), "daemon\n");
  // Killed, it leaves a socket that nobody listens at: the next one takes its place.
  Deno.kill(await site.engine(), "SIGKILL");
  await site.waitForNoProcess();
  assert.equal((await inGroup("daemon", "run", "wg0")).code, 0);
  assert.match(await site.wgtsOk("status", "wg0"), /^ {2}state: down$/m);
  Deno.kill(await site.engine(), "SIGKILL");
  await site.waitForNoProcess();
  await site.wgtsOk("run", "wg0");
  await site.host.sh(`test ! -e ${SOCKET}`);
});
