/** How an interface begins and ends: in the background, in the foreground, as PID 1. */
import assert from "node:assert/strict";
import { wgts } from "./harness/program.ts";
import { INNER, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

const SOCKET = "/var/run/wireguard/wg0.sock";
const CAP_NET_BIND_SERVICE = 1n << 10n;
const CAP_NET_BROADCAST = 1n << 11n;
const CAP_NET_ADMIN = 1n << 12n;

/** The interface is usable: its control socket answers. */
async function waitForInterface(site: Site): Promise<void> {
  await waitFor("the control socket", async () => {
    return (await site.host.try(["wg", "show", "wg0"])).code === 0;
  });
}

const ENDINGS: Record<string, (site: Site, engine: number) => Promise<void>> = {
  "deletion of the interface": async (site) => {
    await site.host.sh("ip link delete wg0");
  },
  "deletion of the control socket": async (site) => {
    await site.host.sh(`rm ${SOCKET}`);
  },
  "SIGTERM": (_, engine) => Promise.resolve(Deno.kill(engine, "SIGTERM")),
  "SIGINT": (_, engine) => Promise.resolve(Deno.kill(engine, "SIGINT")),
};

for (const [title, end] of Object.entries(ENDINGS)) {
  Deno.test(`run: ${title} ends the engine and leaves nothing`, async () => {
    await using site = await Site.create();
    const before = await snapshot(site.host);
    await site.wgtsOk("run", "wg0");
    await waitForInterface(site);
    assert.equal((await site.host.sh("ip -brief link show wg0")).split(" ")[0], "wg0");
    await end(site, await site.engine());
    await site.waitForNoProcess();
    await assertRestored(site.host, before);
  });
}

Deno.test("run --foreground serves until SIGTERM and exits with 0", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const process = await site.start("run", "--foreground", "wg0");
  await waitForInterface(site);
  process.kill("SIGTERM");
  const { code, stderr } = await process.result;
  assert.equal(code, 0, stderr);
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`up --foreground takes everything down at ${signal}`, async () => {
    await using site = await Site.create();
    await site.writeConfig({ interface: ["PostDown = echo down %i >/run/hook"] });
    const before = await snapshot(site.host);
    const process = await site.start("up", "--foreground", "wg0");
    await site.waitForTunnel();
    process.kill(signal);
    const { code, stderr } = await process.result;
    assert.equal(code, 0, stderr);
    assert.equal(await site.host.sh("cat /run/hook; rm /run/hook"), "down wg0\n");
    await site.waitForNoProcess();
    await assertRestored(site.host, before);
  });
}

Deno.test("up --foreground works as PID 1 and reaps orphans", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const container = await site.host.start([
    ...["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"],
    ...[...wgts(), "up", "--foreground", "wg0"],
  ]);
  await site.waitForTunnel();
  const init = await firstProcessOf(container.pid);
  assert.equal(await namespacePid(init), 1);

  // An orphan of the container's: its parent has ended before it does.
  const inside = ["nsenter", `--target=${init}`, "--pid", "--mount", "--net", "--"];
  const script = "sleep 0.5 & echo $!";
  const { stdout } = await new Deno.Command(inside[0] ?? "", {
    args: [...inside.slice(1), "sh", "-c", `(${script}) 2>&1 </dev/null`],
  }).output();
  const orphan = new TextDecoder().decode(stdout).trim();
  await waitFor("the orphan to be reaped", async () => {
    const list = await new Deno.Command(inside[0] ?? "", {
      args: [...inside.slice(1), "sh", "-c", `test ! -e /proc/${orphan}`],
    }).output();
    return list.success;
  });

  Deno.kill(init, "SIGTERM");
  const { code, stderr } = await container.result;
  assert.equal(code, 0, stderr);
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("every thread of the engine has given up its privileges", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const engine = await site.engine();
  let threads = 0;
  for await (const { name } of Deno.readDir(`/proc/${engine}/task`)) {
    const status = await Deno.readTextFile(`/proc/${engine}/task/${name}/status`);
    const field = (key: string) => new RegExp(`^${key}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "";
    for (const set of ["CapEff", "CapPrm", "CapInh", "CapAmb"]) {
      const needed = CAP_NET_ADMIN | CAP_NET_BIND_SERVICE | CAP_NET_BROADCAST;
      const others = BigInt(`0x${field(set)}`) & ~needed;
      assert.equal(others, 0n, `${set} of thread ${name}: ${field(set)}`);
    }
    assert.equal(field("NoNewPrivs"), "1", `thread ${name}`);
    threads++;
  }
  assert.ok(threads > 0);
});

Deno.test("the engine inherits nothing from the shell that started it", async () => {
  await using site = await Site.create();
  // Descriptor 9 is one that a careless caller leaves open.
  await site.host.sh(`exec 9>/run/left-open; ${wgts().join(" ")} up wg0 9>&9`);
  await site.waitForTunnel();
  const engine = await site.engine();
  for await (const { name } of Deno.readDir(`/proc/${engine}/fd`)) {
    const target = await Deno.readLink(`/proc/${engine}/fd/${name}`);
    assert.ok(!target.includes("left-open"), `descriptor ${name} is ${target}`);
    if (Number(name) < 3) assert.equal(target, "/dev/null", `descriptor ${name}`);
  }
  const session = (await Deno.readTextFile(`/proc/${engine}/stat`)).split(") ")[1]?.split(" ")[3];
  const own = (await Deno.readTextFile(`/proc/${Deno.pid}/stat`)).split(") ")[1]?.split(" ")[3];
  assert.notEqual(session, own, "has a session of its own");
  assert.ok(await site.answers(INNER.remote[4]));
});

Deno.test("the control socket is for root only", async () => {
  await using site = await Site.create();
  await site.wgtsOk("run", "wg0");
  assert.equal(await site.host.sh(`stat -c '%a %U' ${SOCKET}`), "700 root\n");
  assert.equal(await site.host.sh("stat -c '%a %U' /var/run/wireguard"), "755 root\n");
});

/** The process 1 of the namespace that a process made with `unshare --fork`. */
async function firstProcessOf(pid: number): Promise<number> {
  return await waitFor("the first process of the container", async () => {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
    return Number(children.trim().split(" ")[0]);
  });
}

/** A process's id in its own namespace. */
async function namespacePid(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1]);
}
