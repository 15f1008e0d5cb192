import assert from "node:assert/strict";
import { isZero } from "../../../core/memory.ts";
import { UapiGetReader } from "../../../core/uapi/get_reader.ts";
import { LongAnswer, type PeerReceiver } from "../../../core/uapi/long_answer.ts";

const CONTEXT = { name: "wg0", wall: 1_700_000_000_000, publicKeyOf: () => null };

/** Lines of a peer, but for the last that it may have. */
function peer(digit: string): string {
  return `public_key=${digit.repeat(64)}\npreshared_key=${digit.repeat(64)}\nprotocol_version=1\n` +
    "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n" +
    "persistent_keepalive_interval=0\n";
}

/** Keeps where secrets were, which it is allowed to look at only for a moment. */
class Witness implements PeerReceiver {
  readonly seen: Uint8Array[] = [];

  usual(answer: Uint8Array, { presharedKey }: Parameters<PeerReceiver["usual"]>[1]): boolean {
    assert.ok(!isZero(answer) && !isZero(presharedKey));
    this.seen.push(answer, presharedKey);
    return true;
  }

  other(): void {}
}

Deno.test("nothing is left of an answer that was wiped, complete or not", () => {
  for (const end of ["errno=0\n\n", "public_key="]) {
    const witness = new Witness();
    const answer = new LongAnswer(new UapiGetReader(CONTEXT), witness);
    const text = `private_key=${"1".repeat(64)}\n${peer("2")}${peer("3")}${peer("4")}${end}`;
    answer.push(new TextEncoder().encode(text));
    if (end.startsWith("errno")) answer.finish();
    assert.ok(witness.seen.length > 0);
    answer.wipe();
    assert.ok(witness.seen.every(isZero));
  }
});

Deno.test("an answer that moves to a larger buffer leaves nothing in the first", () => {
  const witness = new Witness();
  const answer = new LongAnswer(new UapiGetReader(CONTEXT), witness);
  const encoder = new TextEncoder();
  answer.push(encoder.encode(peer("2")));
  answer.push(encoder.encode(peer("3")));
  const [first] = witness.seen;
  const allowedIps = "allowed_ip=10.0.0.1/32\n".repeat(1000);
  for (let i = 0; i < 100; i++) answer.push(encoder.encode(allowedIps));
  answer.push(encoder.encode(`${peer("4")}errno=0\n\n`));
  answer.finish();
  assert.ok(first !== undefined && isZero(first));
});
