/** `wgts status` of interfaces of its own and of others, and that `get` isn't changed by it. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Host } from "./harness/host.ts";
import { WGTS, WIREGUARD_GO, WIREGUARD_GO_CURRENT } from "./harness/implementation.ts";
import { problemsOf } from "../cli/status_schema.ts";
import { parseExposition } from "../core/status/exposition.ts";
import { CACHED_PROMTOOL, wgts } from "./harness/program.ts";
import { generateKey, INNER, NEAR_ENDPOINT, Site } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

/** Sends one request to the control socket of wg0 in `host`, and returns the bytes of the answer. */
async function ask(host: Host, request: string): Promise<string> {
  using socket = await Deno.connect({
    transport: "unix",
    path: host.path("/run/wireguard/wg0.sock"),
  });
  await socket.write(new TextEncoder().encode(request));
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  let answer = "";
  while (!answer.endsWith("\n\n")) {
    const count = await socket.read(buffer);
    if (count === null) break;
    answer += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return answer;
}

const hexOf = (key: string) => Buffer.from(key, "base64").toString("hex");

/** The fields of the only interface and of its only peer. */
function fieldsOf(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^ *([^:\n]+): (.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

Deno.test("status tells how a tunnel runs", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const fields = fieldsOf(await site.wgtsOk("status"));
  const pid = await Deno.readTextFile(`/proc/${await site.engine()}/status`);
  assert.equal(fields.get("interface"), "wg0");
  assert.match(fields.get("engine") ?? "", /^wgts [0-9.]+, process \d+$/);
  assert.equal(
    fields.get("engine")?.split("process ")[1],
    /^NSpid:.*\t(\d+)$/m.exec(pid)?.[1],
  );
  assert.match(fields.get("started") ?? "", /^(Now|(\d+ minutes?, )?\d+ seconds? ago)$/);
  assert.equal(fields.get("state"), "up, MTU 1420");
  assert.match(fields.get("socket buffers") ?? "", /^14\.00 MiB to receive, 14\.00 MiB to send$/);
  assert.match(fields.get("dropped") ?? "", /^(none$|\d+ )/);
  assert.equal(fields.get("peer"), site.keys.remotePublic);
  assert.equal(fields.get("endpoint"), NEAR_ENDPOINT);
  assert.match(fields.get("latest handshake") ?? "", /^(Now|(\d+ minutes?, )?\d+ seconds? ago)$/);
  assert.match(fields.get("transfer") ?? "", /B received, .*B sent$/);
  assert.equal(fields.get("threads"), "1");
  const cryptos = [...fields].filter(([name]) => name.startsWith("crypto "));
  const forData = cryptos.filter(([, value]) => /^on \(transport data\b/.test(value));
  assert.equal(forData.length, 1, String(cryptos));
  const offloads = [...fields].filter(([name]) => name.startsWith("offload "));
  assert.ok(offloads.length >= 3, String(offloads));
  for (const [name, value] of offloads) assert.match(value, /^(on|off) ?(\(.+\))?$/, name);
  for (const name of fields.keys()) assert.doesNotMatch(name, /namespace/);
});

Deno.test("status holds no secret, and get is what it was before", async () => {
  await using site = await Site.create();
  const preshared = await generateKey();
  await site.host.writeFile(
    "/etc/wireguard/wg0.conf",
    site.config({ endpoint: "10.77.0.9:1" }) + `PresharedKey = ${preshared}\n`,
  );
  await site.wgtsOk("up", "wg0");
  const get = () => ask(site.host, "get=1\n\n");
  const before = await get();
  assert.match(before, new RegExp(`^private_key=${hexOf(site.keys.host)}\n`));
  const status = await ask(site.host, "status=1\n\n");
  assert.match(status, /^version=[0-9.]+\npid=\d+\n[^]*\nerrno=0\n\n$/);
  for (const secret of [site.keys.host, preshared]) {
    assert(before.includes(hexOf(secret)));
    assert(!status.includes(hexOf(secret)));
    assert(!(await site.wgtsOk("status", "wg0")).includes(secret));
  }
  assert.equal(await get(), before);
  assert.equal(await ask(site.host, "status=2\n\n"), "");
  assert.equal(await ask(site.host, "status=1\nx=1\n\n"), "errno=-22\n\n");
});

Deno.test("status tells what was chosen by option, and that it was", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", "--offload=tun", "--crypto=wasm", "--threads=2", "wg0");
  const fields = fieldsOf(await site.wgtsOk("status"));
  assert.equal(fields.get("threads"), "2");
  assert.match(fields.get("crypto wasm") ?? "", /^on \(transport data/);
  assert.match(fields.get("crypto native") ?? "", /^off \(.+\)$/);
  assert.match(fields.get("offload tun-tso") ?? "", /^on/);
  assert.match(fields.get("offload udp-gro") ?? "", /^off \(.+\)$/);
});

Deno.test("status follows an interface that goes down, or to another namespace", async () => {
  await using site = await Site.create();
  await site.wgtsOk("run", "wg0");
  const status = async () => fieldsOf(await site.wgtsOk("status", "wg0"));
  assert.equal((await status()).get("state"), "down");
  assert.equal((await status()).get("socket buffers"), undefined);
  await site.host.sh("ip link set wg0 up mtu 1300");
  await waitFor("the interface", async () => (await status()).get("state") === "up, MTU 1300");
  await site.host.sh("ip netns add blue; ip link set wg0 netns blue");
  const moved = await status();
  assert.equal(moved.get("network namespace"), "blue");
  assert.equal(moved.get("network namespace of its sockets"), "this one");
  const inside = fieldsOf(
    await site.host.run(["ip", "netns", "exec", "blue", ...wgts(), "status", "wg0"]),
  );
  assert.equal(inside.get("network namespace"), undefined);
  assert.match(inside.get("network namespace of its sockets") ?? "", /^net:\[\d+\]$/);
});

for (const other of [WIREGUARD_GO, WIREGUARD_GO_CURRENT]) {
  Deno.test({
    name: `status tells of an interface of ${other.name} what it can, beside wgts' own`,
    ignore: other.missing ?? false,
    async fn() {
      await using site = await Site.create(other);
      await WGTS.start(site.remote, "wg1");
      const text = await site.remote.run([...wgts(), "status"]);
      const sections = text.split(/^(?=interface: )/m).map(fieldsOf);
      assert.deepEqual(sections.map((section) => section.get("interface")).sort(), ["wg0", "wg1"]);
      const foreign = sections.find((section) => section.get("interface") === "wg0");
      assert.equal(foreign?.get("public key"), site.keys.remotePublic);
      assert.equal(foreign?.get("listening port"), "51820");
      assert.match(foreign?.get("backend") ?? "", /^another userspace implementation;/);
      assert.equal(foreign?.get("engine"), undefined);
      assert.notEqual(foreign?.get("peer"), undefined);
      const own = sections.find((section) => section.get("interface") === "wg1");
      assert.match(own?.get("engine") ?? "", /^wgts /);
    },
  });
}

Deno.test("JSON and metrics of real interfaces are as they should be", async () => {
  await using site = await Site.create();
  const promtool = (await site.host.try(["sh", "-c", "command -v promtool"])).code === 0
    ? "promtool"
    : CACHED_PROMTOOL;
  await site.host.writeFile(
    "/etc/wireguard/wg0.conf",
    site.config({ interface: ["ListenPort = 4711", "FwMark = 7"] }) +
      `# Name = Alice "the \\ best"\nPersistentKeepalive = 25\n` +
      `# Bob\n[Peer]\nPublicKey = ${await generateKey()}\n`,
  );
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await site.wgtsOk("run", "wg1");
  await site.wgtsOk("run", "wg2");
  await site.host.sh("kill -9 $(pgrep -f '[e]ngine wg2 ')");
  await WIREGUARD_GO.start(site.host, "wg@3");
  await waitFor("the end", async () => (await site.wgts("status", "wg2")).code === 1);

  const { stdout, stderr } = await site.wgts("status", "--json", "--interval=0.1");
  assert.equal(stderr, "");
  const value = JSON.parse(stdout);
  assert.equal(problemsOf(value), "");
  const { interfaces } = value;
  assert.deepEqual(
    interfaces.map((entry: Record<string, unknown>) => [entry.name, entry.state, entry.backend]),
    [
      ["wg0", "running", "wgts"],
      ["wg1", "running", "wgts"],
      ["wg2", "ended", "wgts"],
      ["wg@3", "running", "userspace"],
    ],
  );
  const [{ listenPort, fwmark, peers: [alice, bob] }] = interfaces;
  assert.deepEqual([listenPort, fwmark], [4711, 7]);
  assert.equal(alice.name, 'Alice "the \\ best"');
  assert.equal(bob.name, "Bob");
  assert.deepEqual(alice.allowedIps, [`${INNER.remote[4]}/32`, `${INNER.remote[6]}/128`]);
  assert.equal(alice.persistentKeepalive, 25);
  assert.ok(alice.receivedBytes > 0 && alice.sentBytes > 0 && alice.latestHandshake > 0);
  assert.ok(alice.receivedBytesPerSecond >= 0 && alice.sentBytesPerSecond >= 0);
  const quick = JSON.parse((await site.wgts("status", "--json")).stdout);
  assert.equal(problemsOf(quick), "");
  assert.equal(quick.interfaces[0].peers[0].sentBytesPerSecond, null);

  const metrics = await site.wgtsOk("metrics");
  const families = parseExposition(metrics);
  assert.equal(families.get("wireguard_peer_info")?.samples[0]?.labels.name, alice.name);
  const values = (family: string) =>
    families.get(family)?.samples.map(({ labels, value }) => [labels.interface, value]).sort();
  const served = [["wg0", 1], ["wg1", 1], ["wg2", 0], ["wg@3", 1]];
  assert.deepEqual(values("wireguard_interface_up"), served);
  assert.deepEqual(values("wireguard_interface_link_up"), [["wg0", 1], ["wg1", 0]]);
  const lint = await site.host.try([promtool, "check", "metrics"], { stdin: metrics });
  assert.deepEqual(lint, { code: 0, stdout: "", stderr: "" });
});

Deno.test("names outlive changes by wg, and go with their peers", async () => {
  await using site = await Site.create();
  await site.host.writeFile("/etc/wireguard/wg0.conf", `# Alice\n${site.config()}# Name = Bob\n`);
  await site.wgtsOk("up", "wg0");
  // Only the engine knows it from now on.
  await site.host.sh("rm /etc/wireguard/wg0.conf");
  const name = async () => fieldsOf(await site.wgtsOk("status", "--interval=0", "wg0")).get("name");
  assert.equal(await name(), "Bob");
  const peer = site.keys.remotePublic;
  await site.host.sh(`wg set wg0 peer ${peer} persistent-keepalive 9 allowed-ips 10.9.9.9/32`);
  await site.host.sh("wg showconf wg0 >/run/wg0.conf; wg syncconf wg0 /run/wg0.conf");
  assert.equal(await name(), "Bob");
  assert.doesNotMatch(await site.host.sh("wg show wg0; wg show all dump; wg showconf wg0"), /Bob/);
  await site.host.sh(`wg set wg0 peer ${peer} remove; wg set wg0 peer ${peer}`);
  assert.equal(await name(), undefined);
});

Deno.test("peers of another implementation have the names of its config", async () => {
  await using site = await Site.create();
  await WIREGUARD_GO.start(site.host, "wg7");
  const [a, b] = [await generateKey(), await generateKey()];
  await site.host.sh(`wg set wg7 peer ${a}`);
  const name = async () => fieldsOf(await site.wgtsOk("status", "--interval=0", "wg7")).get("name");
  assert.equal(await name(), undefined);
  await site.host.writeFile(
    "/etc/wireguard/wg7.conf",
    `[Peer]\n# Carol\nPublicKey = ${a}\nNonsense = 1\n[Peer]\n# Dave\nPublicKey = ${b}\n`,
  );
  assert.equal(await name(), "Carol");
});

Deno.test("status of an interface that isn't there is one line and exit code 1", async () => {
  await using site = await Site.create();
  await site.wgtsOk("run", "wg0");
  const { code, stdout, stderr } = await site.wgts("status", "wg7", "wg0");
  assert.equal(code, 1);
  assert.equal(stderr, "wgts: wg7: no interface is served by that name\n");
  assert.match(stdout, /^interface: wg0\n/);
  assert.deepEqual(await site.wgts("status", "no/name"), {
    code: 1,
    stdout: "",
    stderr: "wgts: no/name: no interface is served by that name\n",
  });
});
