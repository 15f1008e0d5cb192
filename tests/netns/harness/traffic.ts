/** Traffic through a tunnel. */
import assert from "node:assert/strict";
import type { End, Family } from "./lab.ts";
import { waitFor } from "./wait.ts";

/** Sends `count` echo requests and wants an answer to each. */
export async function ping(from: End, to: End, family: Family, count = 3): Promise<void> {
  await from.machine.sh(`ping -n -q -c ${count} -i 0.2 -W 20 ${to.inner[family]}`);
}

/** Transfers random bytes by TCP and wants the same SHA-256 on both ends. */
export async function transfer(
  from: End,
  to: End,
  family: Family,
  bytes: number,
): Promise<void> {
  const port = 5000 + family;
  const address = family === 4 ? to.inner[4] : `[${to.inner[6]}]`;
  const received = `/run/received.${family}`;
  // The background job must not hold the output that the harness reads to its end.
  await to.machine.sh(`rm -f ${received}
    socat -u TCP${family}-LISTEN:${port},reuseaddr CREATE:${received} >/dev/null 2>&1 </dev/null &`);
  const sent = await from.machine.sh(`
    head -c ${bytes} /dev/urandom >/run/sent
    socat -u FILE:/run/sent TCP${family}:${address}:${port},retry=100,interval=0.1
    sha256sum </run/sent
    rm /run/sent`);
  await waitFor(
    `${bytes} bytes to arrive`,
    async () => Number(await to.machine.sh(`stat -c %s ${received}`)) === bytes,
  );
  assert.equal(await to.machine.sh(`sha256sum <${received}; rm ${received}`), sent);
}
