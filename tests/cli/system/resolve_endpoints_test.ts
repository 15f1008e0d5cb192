import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import type { ConfigEndpoint } from "../../../core/config/types.ts";
import { IpAddress } from "../../../core/ip.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { describeFixedEndpoints } from "../../../cli/system/name_endpoints.ts";
import { firstAddresses, resolveEndpoints } from "../../../cli/system/resolve_endpoints.ts";
import { Harness, type SessionSettings } from "./harness.ts";
import { ModelSystem } from "./model.ts";

const KEY = (byte: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(byte)));

/** A config with peers at these endpoints. */
function configOf(endpoints: readonly string[], more = "") {
  const peers = endpoints.map((endpoint, i) => {
    return `[Peer]\nPublicKey = ${KEY(i + 1)}\nEndpoint = ${endpoint}\n`;
  });
  return parseQuickConfig(`[Interface]\n${more}\n${peers.join("")}`, "wg0.conf");
}

/** A system where only `good` names have an address. */
class NamesSystem extends ModelSystem {
  atOnce = 0;
  most = 0;

  override async resolve(endpoint: ConfigEndpoint): Promise<UapiEndpoint[]> {
    this.most = Math.max(this.most, ++this.atOnce);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.atOnce--;
    if (!endpoint.host.startsWith("good")) throw new Error(`Unknown: \`${endpoint.text}'`);
    const address = (last: number) => IpAddress.fromBytes(Uint8Array.of(192, 0, 2, last));
    return [1, 2].map((last) => ({ address: address(last), port: endpoint.port, zone: "" }));
  }
}

async function resolve(endpoints: readonly string[], settings: SessionSettings = {}) {
  using harness = new Harness();
  const system = new NamesSystem();
  const config = configOf(endpoints);
  const found = await resolveEndpoints(harness.session(system, settings), config, null);
  return { found, config, printed: harness.printed, most: system.most };
}

Deno.test("endpoints are looked up at the same time; one that isn't found is warned of", async () => {
  const endpoints = Array.from(
    { length: 40 },
    (_, i) => `${i === 7 ? "bad" : `good${i}`}:${i + 1}`,
  );
  const { found, config, printed, most } = await resolve(endpoints);
  assert.equal(most, 16);
  assert.equal(printed.length, 1);
  assert.match(
    printed[0] ?? "",
    /^wgts: warning: Unknown: `bad:8': its peer can't be reached until/,
  );
  const counts = config.peers.map(({ endpoint }) => found.get(endpoint ?? assert.fail())?.length);
  assert.deepEqual(counts, endpoints.map((_, i) => i === 7 ? 0 : 2));
  assert.equal(firstAddresses(found).length, 39);
});

Deno.test("one that isn't found is an error where it must be found", async () => {
  const endpoints = ["good:1", "bad:2"];
  await assert.rejects(resolve(endpoints, { strict: true }), { message: "Unknown: `bad:2'" });
  await assert.rejects(resolve(endpoints, { backend: "kernel" }), { message: "Unknown: `bad:2'" });
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(resolve(endpoints, { signal }), { message: "Unknown: `bad:2'" });
});

Deno.test("where the kernel serves, what it can't do is told", () => {
  assert.equal(describeFixedEndpoints(configOf(["192.0.2.1:1", "[fe80::1%eth0]:1"])), null);
  assert.match(
    describeFixedEndpoints(configOf(["192.0.2.1:1", "vpn.example:1"])) ?? "",
    /vpn\.example/,
  );
  const fallbacks = configOf(["192.0.2.1:1\nFallbackEndpoints = a:1"], "ReresolveInterval = 60");
  assert.match(
    describeFixedEndpoints(fallbacks) ?? "",
    /FallbackEndpoints and ReresolveInterval do nothing/,
  );
});
