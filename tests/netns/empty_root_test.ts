/**
 * A root with nothing but the compiled program, the libraries it links, /dev, /proc, /sys and a config: all
 * that a tunnel needs, wgts does itself.
 */
import assert from "node:assert/strict";
import { run } from "./harness/command.ts";
import { wgts } from "./harness/program.ts";
import { FAR_ENDPOINT, INNER, INTERNET, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

const ROOT = "/mnt";
const TRACE = "/run/trace";

/** What `ldd` tells: the files that a program is linked with, and the C library, which is opened by name. */
async function libraries(program: string): Promise<string[]> {
  const text = await run(["ldd", program]);
  const files = [...text.matchAll(/(\/\S+) \(0x/g)].flatMap(([, file]) => file ?? []);
  assert.ok(files.some((file) => file.endsWith("/libc.so.6")), text);
  return files;
}

/** Makes the root, and gives the tunnel's commands in it. */
class EmptyRoot {
  private constructor(readonly site: Site) {}

  static async create(site: Site, program: string): Promise<EmptyRoot> {
    const copies = (await libraries(program)).map((file) =>
      `mkdir -p ${ROOT}$(dirname ${file}); cp -L ${file} ${ROOT}${file}`
    );
    await site.host.sh(`mount -t tmpfs tmpfs ${ROOT}
      cd ${ROOT}
      mkdir -p dev/net proc sys etc run
      touch wgts; mount --bind ${program} wgts
      mknod -m 666 dev/null c 1 3
      mknod -m 666 dev/net/tun c 10 200
      mount -t proc proc proc
      mount -t sysfs sysfs sys
      # What the commands leave is looked for in the host's own.
      mount --bind /run run
      mkdir etc/wireguard
      ${copies.join("\n")}`);
    return new EmptyRoot(site);
  }

  async configure(lines: readonly string[]): Promise<void> {
    const allowedIps = "0.0.0.0/0, ::/0";
    const text = this.site.config({ endpoint: FAR_ENDPOINT, allowedIps, interface: lines });
    await this.site.host.writeFile(`${ROOT}/etc/wireguard/wg0.conf`, text);
  }

  /** Runs wgts in the root; returns what it printed on stderr and all programs that were executed. */
  async wgts(...args: string[]): Promise<{ stderr: string; executed: string[] }> {
    const { host } = this.site;
    const strace = `strace -D -f -qq -e trace=execve -e signal=none -o ${TRACE}`;
    // Nobody should wait for what strace might print until the engine ends.
    const command = `${strace} chroot ${ROOT} /wgts ${args.join(" ")}`;
    const result = await host.attempt(`exec 3>/run/stderr; ${command} >/run/stdout 2>&3 3>&-`);
    const stderr = await Deno.readTextFile(host.path("/run/stderr"));
    assert.equal(result.code, 0, stderr);
    const trace = await Deno.readTextFile(host.path(TRACE));
    const executed = [...trace.matchAll(/execve\("([^"]*)", .* = 0$/gm)].map(([, file]) =>
      file ?? ""
    );
    return { stderr, executed: executed.slice(1) };
  }

  async clean(): Promise<void> {
    await this.site.host.sh(`rm -f ${TRACE} /run/stderr /run/stdout`);
  }
}

/** The program itself, also as the engine: it executes itself by /proc. */
const OWN = /^\/wgts$|^\/proc\/(self|\d+)\/(exe|fd\/\d+)$/;

Deno.test({
  name: "a tunnel comes up, works and goes in an empty root",
  // The sources need a runtime around them.
  ignore: wgts().length > 1,
}, async () => {
  await using site = await Site.create();
  const [program = ""] = wgts();
  const root = await EmptyRoot.create(site, program);
  const before = await snapshot(site.host);
  await root.configure([]);
  const up = await root.wgts("up", "wg0");
  assert.deepEqual(up.executed.filter((file) => !OWN.test(file)), []);
  assert.doesNotMatch(up.stderr, /warning/i);
  await site.waitForTunnel();
  for (const address of Object.values(INTERNET)) assert.ok(await site.answers(address), address);
  assert.match(await site.host.sh("nft list ruleset"), /table ip wg-quick-wg0/);
  const show = await root.wgts("show", "wg0");
  assert.deepEqual(show.executed.filter((file) => !OWN.test(file)), []);
  assert.match(await Deno.readTextFile(site.host.path("/run/stdout")), /^interface: wg0\n/);
  await root.configure(["MTU = 1350"]);
  const reload = await root.wgts("reload", "wg0");
  assert.deepEqual(reload.executed.filter((file) => !OWN.test(file)), []);
  assert.match(await site.host.sh("ip link show wg0"), / mtu 1350 /);
  assert.ok(await site.answers(INTERNET[4]));
  const down = await root.wgts("down", "wg0");
  assert.deepEqual(down.executed.filter((file) => !OWN.test(file)), []);
  await root.clean();
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test({
  name:
    "DNS and hooks in an empty root: resolv.conf is made, and /bin/sh will do, with one warning",
  ignore: wgts().length > 1,
}, async () => {
  await using site = await Site.create();
  const [program = ""] = wgts();
  const root = await EmptyRoot.create(site, program);
  const hooks = ["PreUp", "PostUp", "PreDown", "PostDown"].map((hook) =>
    `${hook} = echo ${hook} %i >>/run/hooks`
  );
  await root.configure(["DNS = 10.88.0.53", ...hooks]);
  // A shell, and what it links
  const shell = await Deno.realPath("/bin/sh");
  const copies = (await libraries(shell)).map((file) =>
    `mkdir -p ${ROOT}$(dirname ${file}); cp -L ${file} ${ROOT}${file}`
  );
  await site.host.sh(`mkdir -p ${ROOT}/bin; cp ${shell} ${ROOT}/bin/sh; ${copies.join("\n")}`);
  const before = await snapshot(site.host);
  const up = await root.wgts("up", "wg0");
  assert.equal(up.stderr.match(/^wgts: warning: .*\/bin\/sh.*$/gm)?.length, 1, up.stderr);
  const resolver = `${ROOT}/etc/resolv.conf`;
  assert.match(await site.host.sh(`cat ${resolver}`), /^nameserver 10\.88\.0\.53$/m);
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1));
  const down = await root.wgts("down", "wg0");
  for (const { executed } of [up, down]) {
    const others = executed.filter((file) => !OWN.test(file));
    assert.ok(others.length > 0 && others.every((file) => file === "/bin/sh"), String(others));
  }
  assert.equal(
    await site.host.sh("cat /run/hooks"),
    "PreUp wg0\nPostUp wg0\nPreDown wg0\nPostDown wg0\n",
  );
  assert.equal((await site.host.attempt(`test -e ${resolver}`)).code, 1, "resolv.conf is left");
  await site.host.sh("rm /run/hooks");
  await root.clean();
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});
