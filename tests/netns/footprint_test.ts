/** What an engine occupies in memory. The bounds are generous: they are to notice what grows. */
import assert from "node:assert/strict";
import { Footprint, type PeerState } from "./harness/footprint.ts";
import { wgts } from "./harness/program.ts";

const MB = 1_000_000;
const MAX_ANONYMOUS = 55 * MB;
const PEERS = 2000;
const MAX_PER_PEER = 5000;
/** The memory of a garbage collector that has had no reason yet to collect: it varies by 5 MB between runs. */
const SLACK = 8 * MB;
const SMALL_PACKETS = 1_000_000;

Deno.test("footprint: an engine stays small, also under very many small packets", async () => {
  await using footprint = await Footprint.create(wgts());
  const idle = await footprint.memory();
  assert.ok(idle.anonymous <= MAX_ANONYMOUS, `${idle.anonymous} bytes when idle`);
  await footprint.sendSmallPackets(wgts(), SMALL_PACKETS);
  const { anonymous } = await footprint.memory();
  console.log(`anonymous memory: ${idle.anonymous} bytes idle, ${anonymous} after the packets`);
  assert.ok(anonymous <= MAX_ANONYMOUS, `${anonymous} bytes after ${SMALL_PACKETS} packets`);
});

for (const state of ["configured", "initiating", "in session"] satisfies PeerState[]) {
  Deno.test(`footprint: ${PEERS} peers ${state} take little`, async () => {
    await using footprint = await Footprint.create(wgts());
    const before = await footprint.memory();
    await footprint.addPeers(PEERS, state);
    const growth = (await footprint.memory()).anonymous - before.anonymous;
    console.log(`${PEERS} peers ${state}: ${growth} bytes`);
    assert.ok(growth <= PEERS * MAX_PER_PEER + SLACK, `${growth} bytes`);
  });
}
