/**
 * A config that cannot be accepted gives one line that names the file and the line, exit code 1,
 * and a system that is exactly as it was.
 */
import assert from "node:assert/strict";
import { Host } from "./harness/host.ts";
import { wgts } from "./harness/program.ts";
import { generateKey, publicKey } from "./harness/site.ts";
import { snapshot } from "./harness/snapshot.ts";
import { breakRandomly, type BrokenConfig, type Keys, seededRandom } from "./harness/broken.ts";
import { HANDWRITTEN } from "./harness/broken_by_hand.ts";

const RANDOM_CONFIGS = 200;
const AT_ONCE = 4;

Deno.test("each of 30 hand-written broken configs gets one clear line", async () => {
  assert.ok(HANDWRITTEN.length >= 30);
  const keys = await newKeys();
  await testAll(HANDWRITTEN.map(({ title, line, text }) => ({ title, line, text: text(keys) })));
});

Deno.test(`each of ${RANDOM_CONFIGS} randomly broken configs gets one clear line`, async () => {
  const seed = Number(
    Deno.env.get("WGTS_TEST_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0],
  );
  const random = seededRandom(seed);
  const keys = await newKeys();
  const configs = Array.from({ length: RANDOM_CONFIGS }, () => breakRandomly(keys, random));
  await testAll(configs.map((config) => ({ ...config, title: `${config.title}, seed ${seed}` })));
});

async function newKeys(): Promise<Keys> {
  const own = await generateKey();
  return {
    private: own,
    public: await publicKey(await generateKey()),
    preshared: await generateKey(),
  };
}

async function testAll(configs: BrokenConfig[]): Promise<void> {
  await using host = await Host.create("host");
  await host.sh(
    "ip link add eth0 type veth peer name eth1; ip link set eth0 up; ip link set eth1 up",
  );
  const failures: string[] = [];
  for (let at = 0; at < configs.length; at += AT_ONCE) {
    const group = configs.slice(at, at + AT_ONCE);
    for (const [i, { text }] of group.entries()) {
      await host.writeFile(`/etc/wireguard/wg${i}.conf`, text);
    }
    const before = await snapshot(host);
    const complaints = await Promise.all(
      group.map((config, i) => complaint(host, config, `wg${i}`)),
    );
    failures.push(...complaints.filter((text) => text !== null));
    assert.equal(await snapshot(host), before, group.map(({ title }) => title).join("; "));
  }
  assert.equal(failures.join("\n"), "", `${failures.length} of ${configs.length} failed`);
}

/** Gives the config to `up`; returns what is wrong with the answer. */
async function complaint(host: Host, config: BrokenConfig, name: string): Promise<string | null> {
  const { code, stdout, stderr } = await host.try([...wgts(), "up", name]);
  const fail = (what: string) =>
    `${config.title}: ${what}\n  ${stderr}${stdout}\n${config.text.replaceAll(/^/gm, "  | ")}`;
  if (code !== 1) return fail(`exit code ${code}`);
  if (stdout !== "") return fail("prints to stdout");
  if (!/^[^\n]+\n$/.test(stderr)) return fail("is not one line");
  const place = new RegExp(`^(wgts: )?/etc/wireguard/${name}\\.conf:${config.line}: \\S`);
  if (!place.test(stderr)) return fail(`does not name line ${config.line}`);
  for (const secret of config.text.matchAll(/(?:PrivateKey|PresharedKey) *= *(\S{20,})/gi)) {
    if (secret[1] && stderr.includes(secret[1].slice(0, 20))) return fail("prints a secret");
  }
  return null;
}
