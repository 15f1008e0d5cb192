/** What every pair of implementations must be able to do with each other. */
import assert from "node:assert/strict";
import { run } from "./command.ts";
import type { Implementation } from "./implementation.ts";
import { type Family, Lab, type Side, type Tunnel } from "./lab.ts";
import { ping, transfer } from "./traffic.ts";
import { waitFor } from "./wait.ts";

const MEGABYTE = 1 << 20;
const FAMILIES: Family[] = [4, 6];
const SIDES: Side[] = ["left", "right"];

/** Registers the tests of one pair; the left one is what is tested. */
export function testInterop(left: Implementation, right: Implementation): void {
  const name = `${left.name} with ${right.name}`;
  Deno.test(name, { ignore: right.missing ?? false }, async (t) => {
    await using lab = await Lab.create(left, right);
    const tunnel = await lab.tunnel();

    for (const initiator of SIDES) {
      const who = lab.implementations[initiator].name;
      for (const underlay of FAMILIES) {
        for (const preshared of [false, true]) {
          const title = `${who} (${initiator}) begins over IPv${underlay} ` +
            `${preshared ? "with" : "without"} preshared key: pings both ways`;
          await t.step(title, async () => {
            await testPings(tunnel, initiator, underlay, preshared);
          });
        }
      }
    }

    for (const [from, to] of [["left", "right"], ["right", "left"]] as [Side, Side][]) {
      for (const family of FAMILIES) {
        await t.step(`8 MB from ${from} to ${to} by IPv${family}`, async () => {
          await tunnel.configure({ initiator: from, underlay: family });
          await transfer(tunnel[from], tunnel[to], family, 8 * MEGABYTE);
        });
      }
    }

    for (const roaming of SIDES) {
      for (const underlay of FAMILIES) {
        await t.step(`${roaming} roams to another port over IPv${underlay}`, async () => {
          await testPortRoaming(tunnel, roaming, underlay);
        });
      }
    }
    await t.step("left roams to another address", () => testAddressRoaming(tunnel));

    for (const initiator of SIDES) {
      await t.step(`a wrong preshared key gives no session, ${initiator} begins`, async () => {
        await testWrongPresharedKey(tunnel, initiator);
      });
    }
  });
}

async function newPresharedKey(): Promise<string> {
  return (await run(["wg", "genpsk"])).trim();
}

async function testPings(
  tunnel: Tunnel,
  initiator: Side,
  underlay: Family,
  preshared: boolean,
): Promise<void> {
  const key = await newPresharedKey();
  await tunnel.configure({
    initiator,
    underlay,
    ...(preshared && { presharedKeys: { left: key, right: key } }),
  });
  const [first, second] = tunnel.from(initiator);
  assert.equal(await first.latestHandshake(), 0, "no handshake before the first packet");
  await ping(first, second, 4);
  await ping(first, second, 6);
  await ping(second, first, 4);
  await ping(second, first, 6);
  for (const end of [first, second]) assert.notEqual(await end.latestHandshake(), 0);
  // The side that was called has learned where the caller is.
  assert.equal(await second.show("endpoints"), first.endpoint(underlay));
}

async function testPortRoaming(tunnel: Tunnel, side: Side, underlay: Family): Promise<void> {
  const [roaming, peer] = tunnel.from(side);
  await tunnel.configure({ initiator: side, underlay });
  await ping(roaming, peer, 4);
  const handshake = await peer.latestHandshake();
  await roaming.machine.sh(`wg set ${roaming.device} listen-port 40404`);
  await ping(roaming, peer, 4);
  assert.equal(await peer.show("endpoints"), roaming.endpoint(underlay, 40404));
  await ping(peer, roaming, 4);
  assert.equal(await peer.latestHandshake(), handshake, "the session survives");
}

async function testAddressRoaming(tunnel: Tunnel): Promise<void> {
  const { left, right } = tunnel;
  await tunnel.configure({ initiator: "left", underlay: 4 });
  await ping(left, right, 4);
  await left.machine.sh(`ip address delete ${left.underlay4}/24 dev eth0
    ip address add 10.77.0.111/24 dev eth0`);
  try {
    // An implementation may stick to the address that is gone until a handshake is due.
    await waitFor("an answer to the new address", async () => {
      const echo = `ping -n -q -c 1 -W 1 ${right.inner[4]}`;
      return (await left.machine.attempt(echo)).code === 0;
    });
    assert.equal(await right.show("endpoints"), `10.77.0.111:${left.port}`);
    await ping(right, left, 4);
  } finally {
    await left.machine.sh(`ip address delete 10.77.0.111/24 dev eth0
      ip address add ${left.underlay4}/24 dev eth0`);
  }
}

async function testWrongPresharedKey(tunnel: Tunnel, initiator: Side): Promise<void> {
  const [first, second] = tunnel.from(initiator);
  await tunnel.configure({
    initiator,
    underlay: 4,
    presharedKeys: { left: await newPresharedKey(), right: await newPresharedKey() },
  });
  const echo = await first.machine.attempt(`ping -n -q -c 1 -W 2 ${second.inner[4]}`);
  assert.notEqual(echo.code, 0);
  // Both messages were exchanged: the preshared key is the only thing that is wrong.
  await waitFor("an answer to the initiation", async () => {
    return Number((await first.show("transfer")).split("\t")[0]) > 0 ||
      Number((await second.show("transfer")).split("\t")[1]) > 0;
  });
  for (const end of [first, second]) assert.equal(await end.latestHandshake(), 0);
}
