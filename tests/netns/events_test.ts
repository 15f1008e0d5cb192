/**
 * `wgts events`: what happens to a real tunnel, told to several readers, as root and as a member of the
 * group.
 */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { wgts } from "./harness/program.ts";
import { INNER, NEAR_ENDPOINT, Site } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

/** Of no user or group on any machine. */
const GROUP = 54321;

const SCHEMA = new URL("../../cli/share/events.schema.json", import.meta.url);
const validate = new Ajv2020({ strictTypes: false })
  .compile(JSON.parse(Deno.readTextFileSync(SCHEMA)));

interface Event {
  readonly interface: string;
  readonly event: string;
  readonly peer?: { readonly publicKey: string; readonly name: string | null };
  readonly role?: string;
  readonly endpoint?: string;
  readonly previousEndpoint?: string;
  readonly reason?: string;
  readonly listenPort?: number;
}

/** Runs `wgts events --json` with `args` into the file `output`, once it is told what happens. */
async function follow(site: Site, output: string, ...args: string[]) {
  const { host } = site;
  const readers = async () =>
    (await host.sh("ss -xH state connected | grep -c 'wg0.sock' || true")).trim();
  const before = Number(await readers());
  const command = [...wgts(), "events", "--json", ...args].join(" ");
  const process = await host.start(["bash", "-c", `exec ${command} >${output}`]);
  await waitFor("the reader to be connected", async () => Number(await readers()) > before);
  return process;
}

async function read(site: Site, file: string): Promise<Event[]> {
  const text = await site.host.sh(`cat ${file}`);
  return text.split("\n").slice(0, -1).map((line): Event => {
    const event: unknown = JSON.parse(line);
    assert(validate(event), `${line}: ${JSON.stringify(validate.errors)}`);
    return event as Event;
  });
}

/** Waits for an event, and gives it. */
async function waitForEvent(site: Site, file: string, type: string): Promise<Event> {
  let found: Event | undefined;
  await waitFor(type, async () => {
    found = (await read(site, file)).findLast(({ event }) => event === type);
    return found !== undefined;
  });
  return found ?? assert.fail();
}

Deno.test("events of a tunnel are told as they happen, to each reader", async () => {
  await using site = await Site.create();
  const { host, remote } = site;
  const config = `${site.config()}# Name = Bob\n`;
  await host.writeFile("/etc/wireguard/wg0.conf", config);
  await site.wgtsOk("up", `--status-group=${GROUP}`, "wg0");
  const one = await follow(site, "/run/one", "wg0");
  const all = await follow(site, "/run/all");
  await site.waitForTunnel();
  const peer = { publicKey: site.keys.remotePublic, name: "Bob" };
  for (const file of ["/run/one", "/run/all"]) {
    const shaken = await waitForEvent(site, file, "handshake-completed");
    assert.deepEqual(shaken.peer, peer);
    assert.equal(shaken.interface, "wg0");
    assert.equal(shaken.role, "initiator");
    assert.equal(shaken.endpoint, NEAR_ENDPOINT);
  }
  // The remote host moves to another port, and is heard of there.
  await remote.sh("wg set wg0 listen-port 51999");
  await waitFor("the remote host to reach this one", async () => {
    const ping = ["ping", "-n", "-q", "-c", "1", "-W", "1", INNER.host[4]];
    return (await remote.try(ping)).code === 0;
  });
  const roamed = await waitForEvent(site, "/run/one", "roamed");
  assert.deepEqual([roamed.previousEndpoint, roamed.endpoint, roamed.peer], [
    NEAR_ENDPOINT,
    NEAR_ENDPOINT.replace("51820", "51999"),
    peer,
  ]);
  // Others come and go; one that doesn't read holds up nobody.
  const socket = "/var/run/wireguard/wg0.sock";
  const silent = await host.start(
    ["bash", "-c", `(printf 'events=1\\n\\n'; sleep 60) | exec socat -u - UNIX-CONNECT:${socket}`],
  );
  await host.sh("ip link set wg0 down; ip link set wg0 up");
  assert.ok(await site.answers(INNER.remote[4]));
  const up = await waitForEvent(site, "/run/one", "interface-up");
  assert.equal(String(up.listenPort), (await host.sh("wg show wg0 listen-port")).trim());
  assert.equal((await waitForEvent(site, "/run/one", "interface-down")).peer, undefined);
  silent.kill("SIGKILL");
  const member = ["setpriv", "--reuid=65534", "--regid=65534", `--groups=${GROUP}`, "--"];
  if (Deno.env.has("WGTS")) {
    const text = await host.start([...member, ...wgts(), "events", "--count=1", "wg0"]);
    await waitFor("the member of the group to be connected", async () => {
      return (await host.sh("ss -xH state connected")).includes("/run/wgts/status/wg0.sock");
    });
    await host.sh("ip link set wg0 down");
    const { code, stdout } = await text.result;
    assert.equal(code, 0);
    assert.match(stdout, /^\S+Z wg0: down\n$/);
    await host.sh("ip link set wg0 up");
  }
  await site.wgtsOk("down", "wg0");
  const removed = await waitForEvent(site, "/run/all", "interface-removed");
  assert.equal(removed.reason, "the interface was deleted");
  await site.wgtsOk("up", "wg0");
  for (const file of ["/run/one", "/run/all"]) await waitForEvent(site, file, "interface-added");
  Deno.kill(await site.engine(), "SIGKILL");
  await waitFor("both to tell of the death", async () => {
    const [first, second] = await Promise.all([read(site, "/run/one"), read(site, "/run/all")]);
    return [first, second].every((events) => /killed/.test(events.at(-1)?.reason ?? ""));
  });
  const { code, stderr } = await site.wgts("events", "wg0");
  assert.deepEqual([code, stderr], [1, "wgts: wg0: no interface is served by that name\n"]);
  for (const process of [one, all]) process.kill("SIGTERM");
  assert.deepEqual((await Promise.all([one.result, all.result])).map(({ code }) => code), [
    143,
    143,
  ]);
  for (const file of ["/run/one", "/run/all"]) {
    const text = await host.sh(`cat ${file}`);
    assert.ok(!text.includes(site.keys.host));
  }
  await site.wgtsOk("down", "wg0");
});

Deno.test("what another implementation doesn't tell is seen once a second", async () => {
  await using site = await Site.create();
  const { host, remote } = site;
  // The remote host's wireguard-go.
  const command = [...wgts(), "events", "wg0"].join(" ");
  const process = await remote.start(["bash", "-c", `exec ${command} >/run/polled`]);
  await host.writeFile("/run/own", site.keys.host);
  await host.sh("umask 077; wg genkey >/run/other");
  await site.wgtsOk("up", "wg0");
  const told = await waitFor("a handshake", async () => {
    await host.try(["ping", "-n", "-q", "-c", "1", "-W", "1", INNER.remote[4]]);
    // So that the next one needs a handshake.
    await host.sh("wg set wg0 private-key /run/other; wg set wg0 private-key /run/own");
    const text = await remote.sh("cat /run/polled");
    return /handshake completed.*\n/.test(text) && text;
  });
  // A look may come when the endpoint is known already, and the handshake isn't complete.
  assert.match(
    told,
    /^(.* wg0: \S{44}: roamed from .*\n)*\S+Z wg0: \S{44}: handshake completed, endpoint 10\.77\.0\.1:\d+\n/,
  );
  process.kill("SIGTERM");
  await process.result;
  await site.wgtsOk("down", "wg0");
});
