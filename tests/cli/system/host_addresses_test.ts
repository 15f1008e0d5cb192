import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { lookUpHosts } from "../../../cli/system/host_addresses.ts";

Deno.test("lookUpHosts gives all addresses of hosts, and leaves out those there aren't", async () => {
  const found = await lookUpHosts(["127.0.0.2", "::1", "no such host", "localhost"], 30_000);
  assert.deepEqual(found.get("127.0.0.2")?.map(String), ["127.0.0.2"]);
  assert.deepEqual(found.get("::1")?.map(String), ["::1"]);
  assert(found.get("localhost")?.some((address) => ["127.0.0.1", "::1"].includes(String(address))));
  assert.equal(found.has("no such host"), false);
});

Deno.test("lookUpHosts needs no time for nothing", async () => {
  assert.equal((await lookUpHosts([], 30_000)).size, 0);
});
