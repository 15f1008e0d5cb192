import assert from "node:assert/strict";
import { loadPublicKeyOf } from "../../cli/crypto.ts";
import { derivePublicKey } from "../../cli/public_key.ts";

Deno.test("Web Crypto derives the same public keys as what the engine runs on", async () => {
  const publicKeyOf = await loadPublicKeyOf();
  const keys = Array.from({ length: 50 }, () => crypto.getRandomValues(new Uint8Array(32)));
  // Not clamped, all zero, all one.
  for (const key of [...keys, new Uint8Array(32), new Uint8Array(32).fill(255)]) {
    assert.deepEqual(await derivePublicKey(key), publicKeyOf(key.slice()));
  }
});
