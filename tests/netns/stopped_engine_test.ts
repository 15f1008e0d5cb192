/** What is told of interfaces while the engine of one is stopped. */
import assert from "node:assert/strict";
import { parseExposition } from "../core/status/exposition.ts";
import { Site } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

const REQUEST = "GET /metrics HTTP/1.1\r\n\r\n";
const METRICS = "/run/metrics.sock";
const COMPLAINT =
  "wgts: wg0: what serves it doesn't answer: its process is stopped, or very busy\n";

/** A host with wg0, whose engine is stopped until this is disposed of, and wg1. */
async function createSite(): Promise<{ site: Site } & AsyncDisposable> {
  const site = await Site.create();
  try {
    await site.wgtsOk("run", "wg0");
    const engine = await site.engine();
    await site.wgtsOk("run", "wg1");
    Deno.kill(engine, "SIGSTOP");
    return {
      site,
      async [Symbol.asyncDispose]() {
        Deno.kill(engine, "SIGCONT");
        await site[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await site[Symbol.asyncDispose]();
    throw error;
  }
}

/** Asserts that `text` tells of wg1, and that wg0 could not be read. */
function assertMetrics(text: string): void {
  const families = parseExposition(text);
  const up = families.get("wireguard_interface_up")?.samples;
  assert.deepEqual(up?.map(({ labels }) => labels), [{ interface: "wg1" }]);
  const [unreadable] = families.get("wireguard_unreadable_interfaces")?.samples ?? [];
  assert.equal(unreadable?.value, 1);
}

/** As many connections to the control socket of wg0 as it lets wait. */
async function crowd(site: Site): Promise<Deno.Conn[]> {
  const path = site.host.path("/run/wireguard/wg0.sock");
  const waiting: Deno.Conn[] = [];
  await assert.rejects(async () => {
    for (;;) waiting.push(await Deno.connect({ transport: "unix", path }));
  }, Deno.errors.WouldBlock);
  return waiting;
}

Deno.test("status and metrics tell of all interfaces but the one whose engine is stopped", async () => {
  await using stopped = await createSite();
  const { site } = stopped;
  const assertTold = async () => {
    for (const args of [[], ["wg0", "wg1"]]) {
      const { code, stdout, stderr } = await site.wgts("status", ...args);
      assert.equal(stderr, COMPLAINT);
      assert.match(stdout, /^interface: wg1\n/);
      assert.equal(code, 1);
    }
    const { code, stdout, stderr } = await site.wgts("metrics");
    assert.equal(stderr, COMPLAINT);
    assert.equal(code, 1);
    assertMetrics(stdout);
  };
  await assertTold();
  // Each that asks and gives up still waits to be accepted, until no more may.
  const waiting = await crowd(site);
  try {
    await assertTold();
  } finally {
    waiting.forEach((connection) => connection.close());
  }
});

Deno.test("metrics --listen serves while an engine is stopped", async () => {
  await using stopped = await createSite();
  const { site } = stopped;
  const server = await site.start("metrics", "--listen", `unix:${METRICS}`);
  const scrape = async () => {
    using connection = await Deno.connect({ transport: "unix", path: site.host.path(METRICS) });
    await connection.write(new TextEncoder().encode(REQUEST));
    return await new Response(connection.readable).text();
  };
  const [head = "", page = ""] = (await waitFor("the server", scrape)).split("\r\n\r\n");
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assertMetrics(page);
  server.kill("SIGTERM");
  assert.equal((await server.result).code, 0);
});
