import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import type { ConfigEndpoint } from "../../../core/config/types.ts";
import { IpAddress } from "../../../core/ip.ts";
import type { FullLookup } from "../../../cli/system/address_info.ts";
import { parseRetries, resolveEndpoint } from "../../../cli/system/resolver.ts";
import { EAI_AGAIN, EAI_NONAME } from "../../../ffi/layout.ts";

const NEVER = new AbortController().signal;
const ADDRESS = IpAddress.fromBytes(Uint8Array.of(192, 0, 2, 7));
const FOUND: FullLookup = [{ address: ADDRESS, port: 51820, zone: "" }];
const LATER: FullLookup = { error: EAI_AGAIN, text: "Temporary failure in name resolution" };

function endpoint(host: string, port = 51820): ConfigEndpoint {
  return { host, port, text: `${host}:${port}` };
}

/** Resolves `vpn.example` with lookups that answer these, in order. */
async function resolve(answers: FullLookup[], retries: number, signal = NEVER) {
  const printed: string[] = [], pauses: number[] = [];
  const found = resolveEndpoint(endpoint("vpn.example"), {
    signal,
    retries,
    print: (line) => printed.push(line),
    lookUp: () => Promise.resolve(answers.shift() ?? LATER),
    sleep: (pause) => Promise.resolve(void pauses.push(pause)),
  });
  const result = await found.catch((error: unknown) => error);
  return { result, printed, pauses };
}

Deno.test("a literal address needs no resolver", async () => {
  const options = {
    signal: NEVER,
    retries: 0,
    print: assert.fail,
    lookUp: () => assert.fail("asked the resolver"),
  };
  for (const [host, zone] of [["192.0.2.1", ""], ["2001:db8::1", ""], ["fe80::1", "eth0"]]) {
    const text = zone === "" ? host : `${host}%${zone}`;
    const [found] = await resolveEndpoint(endpoint(text ?? ""), options);
    assert.deepEqual([String(found?.address), found?.port, found?.zone], [host, 51820, zone]);
  }
});

Deno.test("what may pass is tried again, with longer and longer pauses", async () => {
  const { result, printed, pauses } = await resolve([LATER, LATER, LATER, FOUND], 15);
  assert.equal(result, FOUND);
  assert.deepEqual(pauses.map(Math.round), [1000, 1200, 1440]);
  assert.deepEqual(printed, [
    "Temporary failure in name resolution: `vpn.example:51820'. Trying again in 1.00 seconds...",
    "Temporary failure in name resolution: `vpn.example:51820'. Trying again in 1.20 seconds...",
    "Temporary failure in name resolution: `vpn.example:51820'. Trying again in 1.44 seconds...",
  ]);
});

Deno.test("after the last retry it gives up", async () => {
  const { result, pauses } = await resolve([], 15);
  assert.ok(result instanceof Error);
  assert.equal(result.message, "Temporary failure in name resolution: `vpn.example:51820'");
  assert.equal(pauses.length, 15);
  assert.ok(Math.max(...pauses) <= 20_000);
});

Deno.test("a name that doesn't exist isn't asked for again", async () => {
  const { result, pauses } = await resolve([{ error: EAI_NONAME, text: "Unknown" }], 15);
  assert.ok(result instanceof Error);
  assert.equal(result.message, "Unknown: `vpn.example:51820'");
  assert.equal(pauses.length, 0);
});

Deno.test("an interruption ends a lookup that hangs, and a pause", async () => {
  const controller = new AbortController();
  const options = { signal: controller.signal, retries: 15, print: () => {} };
  const hanging = resolveEndpoint(endpoint("vpn.example"), {
    ...options,
    lookUp: () => new Promise(() => {}),
  });
  const pausing = resolveEndpoint(endpoint("vpn.example"), {
    ...options,
    lookUp: () => Promise.resolve(LATER),
  });
  setTimeout(() => controller.abort(new Error("enough")), 5);
  await assert.rejects(hanging, { message: "enough" });
  await assert.rejects(pausing, { message: "enough" });
});

Deno.test("the system's resolver finds names and short forms of addresses", async () => {
  const options = { signal: NEVER, retries: 0, print: assert.fail };
  const local = await resolveEndpoint(endpoint("localhost", 4444), options);
  assert.ok(local.length > 0);
  for (const { address, port } of local) {
    assert.ok(["127.0.0.1", "::1"].includes(String(address)));
    assert.equal(port, 4444);
  }
  const [short] = await resolveEndpoint(endpoint("127.1", 1), options);
  assert.equal(String(short?.address), "127.0.0.1");
});

Deno.test("the number of retries is read as wg reads it", () => {
  assert.equal(parseRetries(undefined), 15);
  assert.equal(parseRetries("3"), 3);
  assert.equal(parseRetries("0"), 0);
  assert.equal(parseRetries("infinity"), Infinity);
  assert.equal(parseRetries("many"), 15);
});
