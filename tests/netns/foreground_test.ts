/** `up --foreground`: who else may end it, and how it tells. */
import assert from "node:assert/strict";
import { wgts } from "./harness/program.ts";
import { generateKey, publicKey, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("up --foreground ends with 0 when somebody else takes the tunnel down", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const process = await site.start("up", "--foreground", "wg0");
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
  const { code, stderr } = await process.result;
  assert.equal(code, 0, stderr);
  await assertRestored(site.host, before);
});

Deno.test("up --foreground takes everything down when its engine dies, and says why", async () => {
  await using site = await Site.create();
  await site.writeConfig({ interface: ["PostDown = echo down >/run/hook"] });
  const before = await snapshot(site.host);
  const process = await site.start("up", "--foreground", "wg0");
  await site.waitForTunnel();
  Deno.kill(await site.engine(), "SIGKILL");
  const { code, stderr } = await process.result;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /wgts: the engine of wg0 ended by signal 9, so the tunnel is down\n/);
  assert.equal(await site.host.sh("cat /run/hook; rm /run/hook"), "down\n");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("up --foreground serves on when the service manager can't be told", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const process = await site.host.start([...wgts(), "up", "--foreground", "wg0"], {
    NOTIFY_SOCKET: "/run/nobody",
  });
  await site.waitForTunnel();
  process.kill("SIGTERM");
  const { code, stderr } = await process.result;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^wgts: warning: Cannot notify \/run\/nobody: .*\(ENOENT\)$/m);
  await assertRestored(site.host, before);
});

Deno.test("up --foreground killed itself leaves a tunnel that down takes down", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const process = await site.start("up", "--foreground", "wg0");
  await site.waitForTunnel();
  process.kill("SIGKILL");
  // Its stderr isn't closed yet: the engine logs to it.
  await waitFor("the end of `up'", () => !exists(`/proc/${process.pid}`));
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("up over a dead tunnel says what it found and runs its PostDown first", async () => {
  await using site = await Site.create();
  const hook = (key: string) => `${key} = echo ${key} >>/run/hooks`;
  await site.writeConfig({ interface: [hook("PostUp"), hook("PostDown")] });
  await site.wgtsOk("up", "wg0");
  Deno.kill(await site.engine(), "SIGKILL");
  const { code, stderr } = await site.wgts("up", "wg0");
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^wgts: wg0: its engine \(process \d+\) died \(killed or .*\): cleaning up first\n/,
  );
  assert.equal(await site.host.sh("cat /run/hooks"), "PostUp\nPostDown\nPostUp\n");
  await site.waitForTunnel();
});

Deno.test("an interruption while a command of the config runs undoes everything", async () => {
  await using site = await Site.create();
  await site.writeConfig({ interface: ["PostUp = touch /run/hook; exec sleep 600"] });
  const before = await snapshot(site.host);
  const process = await site.start("up", "wg0");
  await site.host.sh("until test -e /run/hook; do sleep 0.02; done; rm /run/hook");
  process.kill("SIGINT");
  const { code, stderr } = await process.result;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /\nwgts: interrupted by SIGINT\n$/);
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("the most detailed log, the journal and the processes' arguments hold no secret", async () => {
  await using site = await Site.create();
  const presharedKey = await generateKey();
  const config = `${
    site.config({ interface: ["ListenPort = 40404"] })
  }PresharedKey = ${presharedKey}\n`;
  await site.host.writeFile("/etc/wireguard/wg0.conf", config);
  const hostKey = await publicKey(site.keys.host);
  await site.remote.sh(`wg set wg0 peer '${hostKey}' preshared-key <(echo '${presharedKey}')`);
  const process = await site.host.start([...wgts(), "up", "--foreground", "wg0"], {
    LOG_LEVEL: "verbose",
  });
  await site.waitForTunnel();
  // Requests that are refused, each with a key where it doesn't belong
  const request = async (lines: string) => {
    const socket = "UNIX-CONNECT:/var/run/wireguard/wg0.sock";
    const command = `printf 'set=1\\n%s\\n\\n' '${lines}' | socat -t 60 - ${socket}`;
    assert.match(await site.host.sh(command), /^errno=-?[1-9]/);
  };
  await request(site.keys.host);
  await request(`private_key=${site.keys.host}`);
  await request(`private_key${toHex(site.keys.host)}=`);
  await request(`private_key=${toHex(site.keys.host)}0`);
  const elsewhere = await site.host.sh(`find /run/wgts -type f -exec cat {} +
    for process in /proc/[0-9]*; do tr '\\0' ' ' <$process/cmdline; tr '\\0' ' ' <$process/environ; done`);
  assert.match(elsewhere, / engine wg0 /);
  process.kill("SIGTERM");
  const { code, stderr } = await process.result;

  assert.equal(code, 0, stderr);
  assert.match(stderr, /handshake complete/);
  assert.equal(stderr.match(/control request: /g)?.length, 4, stderr);
  for (const secret of [site.keys.host, presharedKey]) {
    for (const text of [secret.slice(0, 20), toHex(secret).slice(0, 20)]) {
      assert.ok(!stderr.includes(text), stderr);
      assert.ok(!elsewhere.includes(text), elsewhere);
    }
  }
});

function toHex(base64: string): string {
  return Uint8Array.fromBase64(base64).toHex();
}
