/** Every implementation of the cryptography carries a tunnel, and none of them is needed. */
import assert from "node:assert/strict";
import { Host } from "./harness/host.ts";
import { type Implementation, WGTS, wgtsWith, WIREGUARD_GO } from "./harness/implementation.ts";
import { Lab } from "./harness/lab.ts";
import { wgts } from "./harness/program.ts";
import { ping, transfer } from "./harness/traffic.ts";

const MEGABYTE = 1 << 20;
const DEVICE = "wg0";

const PAIRS: readonly [Implementation, Implementation][] = [
  [wgtsWith("--crypto=wasm"), wgtsWith("--crypto=libcrypto")],
  [wgtsWith("--crypto=libcrypto"), WIREGUARD_GO],
  [wgtsWith("--crypto=libcrypto", "--threads=2"), wgtsWith("--crypto=noble")],
  [wgtsWith("--crypto=native"), WIREGUARD_GO],
];

for (const [left, right] of PAIRS) {
  Deno.test(`${left.name} with ${right.name}`, async () => {
    await using lab = await Lab.create(left, right);
    const tunnel = await lab.tunnel();
    for (const initiator of ["left", "right"] as const) {
      await tunnel.configure({ initiator, underlay: 4 });
      const [first, second] = tunnel.from(initiator);
      await ping(first, second, 4);
      await transfer(first, second, 6, 2 * MEGABYTE);
      await transfer(second, first, 4, 2 * MEGABYTE);
    }
  });
}

Deno.test("status names the implementation that was asked for", async () => {
  await using host = await Host.create("host");
  await host.sh(`WGTS_CRYPTO=libcrypto ${wgts().join(" ")} run ${DEVICE}`);
  const status = await host.sh(`${wgts().join(" ")} status ${DEVICE}`);
  assert.match(status, /^ *crypto libcrypto: on \(transport data and key agreement\)$/m);
  assert.match(status, /^ *crypto wasm: on \(handshakes\)$/m);
  assert.match(status, /^ *crypto native: off \(not asked for\)$/m);
  // The option is stronger than the environment.
  await host.sh(`WGTS_CRYPTO=libcrypto ${wgts().join(" ")} run --crypto=wasm wg1`);
  const other = await host.sh(`${wgts().join(" ")} status wg1`);
  assert.match(other, /^ *crypto wasm: on \(transport data, key agreement and handshakes\)$/m);
});

/** Runs a command where libcrypto is no library. */
function withoutLibcrypto(command: string): string {
  const hide = "for file in $(ldconfig -p | sed -n 's/.*libcrypto.*=> //p'); do " +
    `mount --bind /dev/null "$file"; done`;
  return `unshare --mount sh -c '${hide.replaceAll("'", `'\\''`)}; exec ${command}'`;
}

Deno.test("without libcrypto, what asks for it fails in one line, and nothing is left", async () => {
  await using host = await Host.create("host");
  const config = "[Interface]\nPrivateKey = 4GgaQCy68nzNsUE5aJ9fuLzHhB65tAlwbmA72MWnOm8=\n";
  await host.writeFile(`/etc/wireguard/${DEVICE}.conf`, config);
  for (const command of ["run", "run -f", "up"]) {
    const line = [...wgts(), command, "--crypto=libcrypto", DEVICE].join(" ");
    const { code, stdout, stderr } = await host.attempt(withoutLibcrypto(line));
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^wgts: Cannot use libcrypto for cryptography: \S*libcrypto\.so\.3: [^\n]+\n$/,
    );
    assert.notEqual((await host.attempt(`ip link show ${DEVICE}`)).code, 0);
  }
});

Deno.test("without libcrypto, all else works", async () => {
  const without: Implementation = {
    name: "wgts without libcrypto",
    async start(machine, device) {
      await machine.sh(withoutLibcrypto([...wgts(), "run", device].join(" ")));
    },
  };
  await using lab = await Lab.create(without, WGTS);
  const tunnel = await lab.tunnel();
  await tunnel.configure({ initiator: "left", underlay: 6 });
  await ping(tunnel.left, tunnel.right, 4);
  await transfer(tunnel.left, tunnel.right, 4, 2 * MEGABYTE);
});
