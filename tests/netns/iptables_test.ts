/** Where the kernel lacks nf_tables, iptables makes the firewall rules, as wg-quick has it. */
import assert from "node:assert/strict";
import { createSiteToKill, downAfterKill } from "./harness/kill.ts";
import { wgts } from "./harness/program.ts";
import { FAR_ENDPOINT, INTERNET, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { withoutNfTables } from "./harness/without_nf_tables.ts";

/** Interfaces that have wg-quick's mark in these rules, without those for random link-local addresses. */
async function rules(site: Site): Promise<string> {
  const text = await site.host.sh("iptables-legacy-save; ip6tables-legacy-save");
  return text.replaceAll(/^(#.*|:.*|-A .* -d fe80::.*)\n/gm, "");
}

Deno.test("the rules of iptables are byte for byte those of wg-quick, and do their work", async () => {
  await using site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" });
  const run = await withoutNfTables(site.host);
  await site.host.sh(`iptables-legacy -t raw -A PREROUTING -d 203.0.113.1 -j DROP
    iptables-legacy -t mangle -L >/dev/null
    ip6tables-legacy -t raw -L >/dev/null
    ip6tables-legacy -t mangle -L >/dev/null`);
  const before = await snapshot(site.host), rulesBefore = await rules(site);
  const implementation = ["env", "WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go"];
  await site.host.run([...implementation, ...run, "wg-quick", "up", "wg0"]);
  const expected = await rules(site);
  assert.match(expected, /-d 10\.88\.0\.1\/32 ! -i wg0 [^]*-d fd88::1\/128 ! -i wg0 /);
  await site.host.run([...run, "wg-quick", "down", "wg0"]);
  await site.waitForNoProcess();
  await site.host.sh("sysctl -q net.ipv4.conf.all.src_valid_mark=0");
  await assertRestored(site.host, before);

  await site.host.sh("sysctl -q net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1");
  const { code, stderr } = await site.host.try([...run, ...wgts(), "up", "--strict", "wg0"]);
  assert.equal(code, 0, stderr);
  assert.equal(await rules(site), expected);
  await site.waitForTunnel();
  assert.ok(await site.answers(INTERNET[4]), "through strict reverse-path filtering");
  await site.host.run([...run, ...wgts(), "down", "wg0"]);
  await site.waitForNoProcess();
  await site.host.sh("sysctl -q net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0");
  assert.equal(await rules(site), rulesBefore);
});

Deno.test("with neither nf_tables nor iptables, up warns and says what goes without it", async () => {
  await using site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0" });
  const run = await withoutNfTables(site.host);
  await site.host.sh("mount -t tmpfs tmpfs /usr/sbin; rm /run/without-nf-tables/*tables*");
  const before = await snapshot(site.host).catch(() => "");
  assert.equal(before, "", "nft is hidden, too");
  const strict = await site.host.try([...run, ...wgts(), "up", "--strict", "wg0"]);
  assert.equal(strict.code, 1);
  assert.match(
    strict.stderr,
    /^wgts: Cannot .*nftables.*lacks nf_tables; Cannot run iptables-restore: it isn't installed$/m,
  );
  const { code, stderr } = await site.host.try([...run, ...wgts(), "up", "wg0"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^wgts: warning: .* it isn't installed: neighbours .*rp_filter/m);
  await site.host.run([...run, ...wgts(), "down", "wg0"]);
  await site.waitForNoProcess();
});

Deno.test("up and down killed at each write are cleaned up, iptables' rules too", async () => {
  await using site = await createSiteToKill();
  const run = await withoutNfTables(site.host);
  await site.host.sh(`for table in raw mangle; do
      iptables-legacy -t $table -L >/dev/null
      ip6tables-legacy -t $table -L >/dev/null
    done`);
  const before = await snapshot(site.host), rulesBefore = await rules(site);
  let cleaned = 0, withRules = 0;
  for (const command of ["up", "down"]) {
    for (let count = 1;; count++) {
      if (command === "down") await site.host.run([...run, ...wgts(), "up", "wg0"]);
      const inject = ["-e", "trace=write", "-e", `inject=write:signal=KILL:when=${count}`];
      const strace = ["strace", "-qq", "-o", "/dev/null", ...inject];
      const { code } = await site.host.try([...run, ...strace, ...wgts(), command, "wg0"]);
      if (await rules(site) !== rulesBefore) withRules++;
      if (await downAfterKill(site, before, run)) cleaned++;
      assert.equal(await rules(site), rulesBefore, `${command}, write ${count}`);
      if (code === 0) break;
    }
  }
  assert.ok(cleaned > 10 && withRules > 5, `${cleaned} cleaned up, ${withRules} with rules`);
});
