/**
 * A session is renewed after 120 s (REKEY_AFTER_TIME) while packets flow, and none is lost. Each
 * implementation initiates in turn. The time is real, so all tunnels wait for it side by side.
 */
import assert from "node:assert/strict";
import {
  type Implementation,
  KERNEL,
  TESTED,
  WIREGUARD_GO,
  WIREGUARD_GO_CURRENT,
} from "./harness/implementation.ts";
import { Lab, type Side, type Tunnel } from "./harness/lab.ts";
import { drops } from "./harness/drops.ts";
import { Host } from "./harness/host.ts";
import { ping } from "./harness/traffic.ts";

const INTERVAL_S = 0.25;
/** REKEY_AFTER_TIME, and time enough for a slow machine to use the new session. */
const DURATION_S = 135;

Deno.test("sessions are renewed under traffic without a lost ping", async (t) => {
  const peers = [KERNEL, WIREGUARD_GO, WIREGUARD_GO_CURRENT, TESTED]
    .filter(({ missing }) => !missing);
  const results = await Promise.all(peers.map(rekeyWith));
  for (const { title, error } of results.flat()) {
    await t.step(title, () => {
      if (error) throw error;
    });
  }
});

interface Renewal {
  title: string;
  error: unknown;
}

async function rekeyWith(peer: Implementation): Promise<Renewal[]> {
  await using lab = await Lab.create(TESTED, peer);
  const sides: Side[] = ["left", "right"];
  return await Promise.all(sides.map(async (initiator) => {
    const title = `${TESTED.name} with ${peer.name}, ${initiator} initiates`;
    try {
      await renew(await lab.tunnel(), initiator);
      return { title, error: null };
    } catch (error) {
      return { title, error };
    }
  }));
}

async function renew(tunnel: Tunnel, initiator: Side): Promise<void> {
  const [first, second] = tunnel.from(initiator);
  await tunnel.configure({ initiator, underlay: initiator === "left" ? 4 : 6 });
  await ping(first, second, 4);
  const before = await Promise.all([first.latestHandshake(), second.latestHandshake()]);

  // A queue that overflows while a process doesn't run loses packets, and counts them.
  const hosts = [first, second].map(({ machine }) => machine).filter((one) => one instanceof Host);
  const dropped = await drops(hosts);
  const count = DURATION_S / INTERVAL_S;
  const options = `-n -q -i ${INTERVAL_S} -c ${count} -W 20`;
  const printed = await first.machine.sh(`ping ${options} ${second.inner[6]}`, {
    timeout: 4 * DURATION_S * 1000,
  });

  const [, received] = new RegExp(`${count} packets transmitted, (\\d+) received`).exec(printed) ??
    [];
  const lost = count - Number(received);
  assert.ok(lost === 0 || lost <= await drops(hosts) - dropped, printed);
  for (const [i, end] of [first, second].entries()) {
    const age = await end.latestHandshake() - (before[i] ?? 0);
    assert.ok(age >= 120, `a new handshake 120 s after the first, not ${age} s`);
  }
}
