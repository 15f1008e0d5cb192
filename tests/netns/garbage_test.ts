/** Packets make no garbage: V8's own report of its collections during a long transfer. */
import assert from "node:assert/strict";
import { connect, Host } from "./harness/host.ts";
import { End, Tunnel } from "./harness/lab.ts";
import { pathOf } from "./harness/paths.ts";
import { waitFor } from "./harness/wait.ts";

const GIGABYTE = 1_000_000_000;
/** Until V8 has compiled all that the packets take. */
const WARM_UP_BYTES = 1.5 * GIGABYTE;
const BYTES = 4 * GIGABYTE;
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

async function collections({ machine }: End): Promise<number> {
  const lines = await machine.sh(`grep -cE ' ms: (Scavenge|Mark-Compact)' ${REPORT} || true`);
  return Number(lines);
}

async function send(from: End, to: End, bytes: number): Promise<void> {
  await to.machine.sh(
    "socat -b 262144 -u TCP4-LISTEN:5001,reuseaddr OPEN:/dev/null >/dev/null 2>&1 </dev/null &",
  );
  await from.machine.sh(`head -c ${bytes} /dev/zero |
    socat -b 262144 -u - TCP4:${to.inner[4]}:5001,retry=100,interval=0.1`);
}

Deno.test(`${BYTES / GIGABYTE} GB by TCP make no garbage`, async () => {
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
  await send(from, to, WARM_UP_BYTES);
  const before = [await collections(from), await collections(to)] as const;
  assert(before[0] > 0 && before[1] > 0, "V8 reports");
  await send(from, to, BYTES);
  const [sending, receiving] = [
    await collections(from) - before[0],
    await collections(to) - before[1],
  ];
  const perGigabyte = (count: number) => (count * GIGABYTE / BYTES).toFixed(2);
  console.log(
    `collections per GB: sending ${perGigabyte(sending)}, ` +
      `receiving ${perGigabyte(receiving)}`,
  );
  // What is left of the warm-up, and of the control socket, may have to be collected once.
  assert(sending <= 1, `${sending} collections while sending`);
  assert(receiving <= 2, `${receiving} collections while receiving`);
});
