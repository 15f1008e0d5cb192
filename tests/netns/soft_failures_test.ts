/**
 * What containers, NAS boxes and embedded systems withhold, and a tunnel can live without: `up` warns with
 * the reason and what goes without it, the tunnel works, `down` restores all; `--strict` fails.
 */
import assert from "node:assert/strict";
import type { Result } from "./harness/command.ts";
import { wgts } from "./harness/program.ts";
import { FAR_ENDPOINT, INNER, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** Something that the system refuses. */
interface Obstacle {
  readonly name: string;
  /** Bash that puts it up. */
  readonly prepare?: string;
  /** Stands before the command of `up`. */
  readonly prefix?: readonly string[];
  /** What is warned of; null when it is none of the user's business. */
  readonly warning: RegExp | null;
  /** Whether the tunnel goes without IPv6. */
  readonly withoutIpv6?: true;
}

/** Lets a system call fail wherever it is made, in the engine too. */
function failing(call: string, error: string): string[] {
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:error=${error}`];
  return ["strace", "-f", "-qq", "-o", "/dev/null", ...inject];
}

const OBSTACLES: readonly Obstacle[] = [
  {
    name: "a read-only /proc/sys",
    prepare: "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys",
    warning: /src_valid_mark=1: Read-only file system: where reverse-path filtering .*docker run/,
  },
  {
    name: "IPv6 that is switched off",
    prepare: "sysctl -q net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
    warning:
      /add address fd88::1\/64 .*EACCES.*: IPv6 is switched off on this system, so the tunnel/,
    withoutIpv6: true,
  },
  {
    name: "a clock that was never set",
    prefix: ["env", "TZ=UTC", "faketime", "1970-01-01 00:10:00"],
    warning: /the clock isn't set, it says 1970-01-01T00:1.*refuse handshakes .*TAI64N/,
  },
];

/** Those that --strict says nothing of either: what goes without them is told in the log. */
const SILENT: readonly Obstacle[] = [
  { name: "no seccomp", prefix: failing("seccomp", "EINVAL"), warning: null },
  { name: "no prctl", prefix: failing("prctl", "EINVAL"), warning: null },
  { name: "no inotify left", prefix: failing("inotify_init1", "EMFILE"), warning: null },
  { name: "no priorities", prefix: failing("setpriority", "EPERM"), warning: null },
  { name: "no scheduling", prefix: failing("sched_setscheduler", "EPERM"), warning: null },
  { name: "no pidfd", prefix: failing("pidfd_open", "ENOSYS"), warning: null },
];

function warningsOf({ stderr }: Pick<Result, "stderr">): string[] {
  return stderr.trimEnd().split("\n").filter((line) => line !== "" && !line.startsWith("[#] "));
}

for (const { name, prepare, prefix = [], warning, withoutIpv6 } of OBSTACLES) {
  Deno.test(`with ${name}, up warns and goes on, and with --strict it fails`, async () => {
    await using site = await Site.create();
    await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" });
    if (prepare !== undefined) await site.host.sh(prepare);
    const before = await snapshot(site.host);
    const strict = await site.host.try([...prefix, ...wgts(), "up", "--strict", "wg0"]);
    assert.equal(strict.code, 1, strict.stderr);
    assert.equal(warningsOf(strict).length, 1, strict.stderr);
    await site.waitForNoProcess();
    await assertRestored(site.host, before);

    const { code, stderr } = await site.host.try([...prefix, ...wgts(), "up", "wg0"]);
    assert.equal(code, 0, stderr);
    const warnings = warningsOf({ stderr });
    assert.equal(warnings.length, 1, stderr);
    assert.match(warnings[0] ?? "", /^wgts: warning: /);
    if (warning !== null) assert.match(warnings[0] ?? "", warning);
    const reached = withoutIpv6 ? [INNER.remote[4]] : [INNER.remote[4], INNER.remote[6]];
    for (const address of reached) {
      await waitFor(`${address} to answer`, () => site.answers(address, 1));
    }
    await site.wgtsOk("down", "wg0");
    await site.waitForNoProcess();
    await assertRestored(site.host, before);
  });
}

Deno.test("without bash, sh runs the commands of a config, with one warning", async () => {
  await using site = await Site.create();
  const hook = '[ -z "$BASH_VERSION" ] && echo "%i $MTU $ADDRESSES" >>/run/hooks';
  const hooks = ["PreUp", "PostUp", "PreDown", "PostDown"].map((moment) => `${moment} = ${hook}`);
  await site.writeConfig({ interface: ["MTU = 1400", ...hooks] });
  const before = await snapshot(site.host);
  for (const command of ["up", "down"]) {
    const withoutBash = ["env", "PATH=/nonexistent", ...wgts(), command, "wg0"];
    const { code, stderr } = await site.host.try(withoutBash);
    assert.equal(code, 0, stderr);
    const [warning = "", ...others] = warningsOf({ stderr });
    assert.match(warning, /^wgts: warning: there is no bash, so \/bin\/sh runs /);
    assert.deepEqual(others, []);
  }
  const line = `wg0 1400 ${INNER.host[4]}/24 ${INNER.host[6]}/64\n`;
  assert.equal(await site.host.sh("cat /run/hooks; rm /run/hooks"), line.repeat(4));
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

for (const { name, prefix = [] } of SILENT) {
  Deno.test(`with ${name}, the tunnel works`, async () => {
    await using site = await Site.create();
    const before = await snapshot(site.host);
    // strace stays as long as the engine does.
    const up = await site.host.start([...prefix, ...wgts(), "up", "--strict", "wg0"]);
    let isUp = false;
    const ended = up.result.then(({ code, stderr }) => {
      assert.ok(isUp, `up ended with ${code}: ${stderr}`);
    });
    await Promise.race([site.waitForTunnel(), ended]);
    isUp = true;
    await site.wgtsOk("down", "wg0");
    await ended;
    const { stderr } = await up.result;
    assert.deepEqual(warningsOf({ stderr }), []);
    await site.waitForNoProcess();
    await assertRestored(site.host, before);
  });
}
