/** Interfaces larger than anybody's: what wgts makes of them is what Debian's `wg` makes of them. */
import assert from "node:assert/strict";
import { largeArguments, largeConfig, type Shape, SHAPES } from "./harness/large_configs.ts";
import { WgTwins } from "./harness/wg_twins.ts";
import { PRESHARED_KEY, PRIVATE_KEY, settingWith } from "./wg_cases/setting.ts";

/** A single argument of a process has at most 128 KiB. */
const MOST_IPS_OF_ARGUMENT = 4000;

/** What is done to an interface of one shape; \`SIZE\` stands for the name of its files. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "setconf and show": `wg setconf wg0 $f/SIZE.conf
    wg show wg0 | cksum; wg show wg0 allowed-ips | cksum; WG_HIDE_KEYS=never wg | cksum`,
  "showconf, setconf and syncconf": `wg setconf wg0 $f/SIZE.conf
    wg showconf wg0 >c; cksum c
    wg setconf wg1 c; wg syncconf wg1 c; wg showconf wg1 | cmp - c`,
  "addconf and syncconf with half of it": `wg addconf wg0 $f/SIZE.conf; wg show wg0 peers | cksum
    wg syncconf wg0 $f/half-SIZE.conf; wg show wg0 dump | cksum`,
  "set": `xargs -a $f/SIZE.arguments -s 2000000 wg set wg0; wg show wg0 dump | cksum`,
};

Deno.test("large interfaces are what they are with wg", async (t) => {
  const setting = settingWith();
  const files: Record<string, string> = { ...setting.files };
  const cases: [title: string, script: string][] = [];
  for (const [i, [name, shape]] of Object.entries(SHAPES).entries()) {
    files[`${i}.conf`] = largeConfig(shape, PRIVATE_KEY, PRESHARED_KEY);
    files[`half-${i}.conf`] = largeConfig(half(shape), PRIVATE_KEY, PRESHARED_KEY);
    files[`${i}.arguments`] = largeArguments(shape);
    for (const [what, script] of Object.entries(SCRIPTS)) {
      if (what === "set" && shape.allowedIps > MOST_IPS_OF_ARGUMENT) continue;
      cases.push([`${name}: ${what}`, script.replaceAll("SIZE", String(i))]);
    }
  }
  await using twins = await WgTwins.create({ ...setting, files });
  const scripts = cases.map(([, script]) => script);
  const [theirs, ours] = await Promise.all([twins.runOracle(scripts), twins.runTested(scripts)]);
  for (const [i, [title]] of cases.entries()) {
    await t.step(title, () => {
      const { state, ...printed } = theirs[i] ?? assert.fail();
      const { state: ourState, ...ourPrinted } = ours[i] ?? assert.fail();
      assert.deepEqual(ourPrinted, printed);
      assert.equal(printed.stderr, "");
      assert.equal(printed.code, 0);
      // Megabytes: they aren't printed when they differ.
      assert.ok(ourState === state, "The interface isn't as wg leaves it");
    });
  }
});

/** The first half of the peers, or of a single one's allowed IPs. */
function half({ peers, allowedIps }: Shape): Shape {
  return peers > 1 ? { peers: peers / 2, allowedIps } : { peers, allowedIps: allowedIps / 2 };
}
