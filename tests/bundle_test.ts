import assert from "node:assert/strict";
import { transportCode } from "../core/crypto/x86/transport_code.ts";
import { generatedTransportCode } from "./bundle.ts";

Deno.test("a compiled program has the machine code that its sources generate", async () => {
  const source = new TextEncoder().encode(generatedTransportCode()).toBase64();
  const bundled: { transportCode: typeof transportCode } = await import(
    `data:text/javascript;base64,${source}`
  );
  for (const extension of ["avx2", "avx512"] as const) {
    assert.deepEqual(bundled.transportCode(extension), transportCode(extension));
  }
});
