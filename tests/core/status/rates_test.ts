import assert from "node:assert/strict";
import { formatKey } from "../../../core/keys.ts";
import { ratesBetween } from "../../../core/status/rates.ts";
import type { InterfaceStatus } from "../../../core/uapi/status.ts";
import { interfaceStatus, peerStatus } from "./statuses.ts";

const key = (byte: number) => formatKey(new Uint8Array(32).fill(byte));

function reading(...counters: [byte: number, received: number, sent: number][]): InterfaceStatus {
  return interfaceStatus({
    peers: counters.map(([byte, receivedBytes, sentBytes]) =>
      peerStatus(byte, { receivedBytes, sentBytes })
    ),
  });
}

Deno.test("rates are differences by time", () => {
  const rates = ratesBetween(reading([1, 100, 7], [2, 0, 0]), reading([2, 0, 1], [1, 300, 7]), 0.5);
  assert.deepEqual(rates.get(key(1)), { received: 400, sent: 0 });
  assert.deepEqual(rates.get(key(2)), { received: 0, sent: 2 });
});

Deno.test("who came, went, or began to count anew has no rate", () => {
  const before = reading([1, 100, 100], [2, 5, 5], [3, 5, 5]);
  const rates = ratesBetween(before, reading([1, 99, 200], [3, 6, 4], [4, 7, 7]), 1);
  assert.deepEqual([...rates], []);
});

Deno.test("without time there are no rates", () => {
  const both = reading([1, 100, 100]);
  for (const seconds of [0, -1, NaN]) assert.equal(ratesBetween(both, both, seconds).size, 0);
});
