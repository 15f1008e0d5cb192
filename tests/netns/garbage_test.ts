/** Packets make no garbage: V8's own report of its collections during a long transfer. */
import assert from "node:assert/strict";
import { connect, Host } from "./harness/host.ts";
import { End, Tunnel } from "./harness/lab.ts";
import { pathOf } from "./harness/paths.ts";
import { waitFor } from "./harness/wait.ts";

const GIGABYTE = 1_000_000_000;
/** Bytes of a round: some seconds. `deno task soak` takes more. */
const BYTES = Number(Deno.env.get("WGTS_TEST_GARBAGE") ?? "1000000000");
/**
 * V8 has compiled all that packets take after one round or two, later on a busy machine: from then on
 * there must be a round without collections. A single number per packet would cause ten.
 */
const MOST_ROUNDS = 20;
/** What is left of the compilation, and of the control socket, may be collected once. */
const MOST_WHILE_RECEIVING = 1;

const REPORT = "/run/report";

/** Serves wg0 in `host`, by the sources: a compiled program takes no flags. */
async function serve(host: Host): Promise<void> {
  const main = pathOf("../../../cli/main.ts");
  const wgts = `'${Deno.execPath()}' run -A --quiet '${main}' run --foreground wg0`;
  // On a terminal, V8 writes each line at once.
  await host.start(["script", "--quiet", "--flush", "--command", wgts, REPORT], {
    DENO_V8_FLAGS: "--trace-gc",
  });
  await waitFor("wg0", async () => (await host.sh("wg show interfaces")).includes("wg0"));
}

/** How often V8 collected so far because there was no room for what the engine allocated. */
async function collections({ machine }: End): Promise<number> {
  // What the threads that compile allocate is reported as a background allocation failure.
  const lines = await machine.sh(`grep -cF ') allocation failure' ${REPORT} || true`);
  return Number(lines);
}

async function send(from: End, to: End, bytes: number): Promise<void> {
  await to.machine.sh(
    "socat -b 262144 -u TCP4-LISTEN:5001,reuseaddr OPEN:/dev/null >/dev/null 2>&1 </dev/null &",
  );
  await from.machine.sh(`head -c ${bytes} /dev/zero |
    socat -b 262144 -u - TCP4:${to.inner[4]}:5001,retry=600,interval=0.1`);
}

Deno.test("packets of a TCP stream at full rate make no garbage", async () => {
  await using stack = new AsyncDisposableStack();
  const left = stack.use(await Host.create("left"));
  const right = stack.use(await Host.create("right"));
  await connect(left, right, { left: ["10.77.0.1/24"], right: ["10.77.0.2/24"] });
  const [from, to] = [left, right].map((host, i) => {
    const inner = { 4: `10.88.0.${i + 1}`, 6: `fd88::${i + 1}` };
    return new End(host, "wg0", `10.77.0.${i + 1}`, `fd77::${i + 1}`, inner, 51820);
  });
  assert(from !== undefined && to !== undefined);
  for (const { machine, device, inner } of [from, to]) {
    assert(machine instanceof Host);
    await serve(machine);
    await machine.sh(`ip address add ${inner[4]}/24 dev ${device}
      ip link set ${device} mtu 1420 up`);
  }
  await new Tunnel(from, to).configure({ initiator: "left", underlay: 4 });
  const perGigabyte = (count: number) => (count * GIGABYTE / BYTES).toFixed(2);
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const before = [await collections(from), await collections(to)] as const;
    assert(before[0] > 0 && before[1] > 0, "V8 reports");
    await send(from, to, BYTES);
    const sending = await collections(from) - before[0];
    const receiving = await collections(to) - before[1];
    console.log(
      `collections per GB in round ${round}: sending ${perGigabyte(sending)}, ` +
        `receiving ${perGigabyte(receiving)}`,
    );
    if (sending === 0 && receiving <= MOST_WHILE_RECEIVING) return;
  }
  assert.fail(`No round of ${MOST_ROUNDS} was without collections`);
});
