/** Traffic through a tunnel. */
import assert from "node:assert/strict";
import type { End, Family } from "./lab.ts";
import { waitFor } from "./wait.ts";

/** Sends `count` echo requests and wants an answer to each. */
export async function ping(from: End, to: End, family: Family, count = 3): Promise<void> {
  await from.machine.sh(`ping -n -q -c ${count} -i 0.2 -W 20 ${to.inner[family]}`);
}

/** Transfers random bytes by TCP and wants the same SHA-256 on both ends. The connection is over then. */
export async function transfer(
  from: End,
  to: End,
  family: Family,
  bytes: number,
): Promise<void> {
  const port = 5000 + family;
  const address = family === 4 ? to.inner[4] : `[${to.inner[6]}]`;
  const received = `/run/received.${family}`;
  const waitForSockets = (what: string, isMet: (states: string[]) => boolean) =>
    waitFor(`${what} on port ${port}`, async () => isMet(await socketStates(to, family, port)));
  // The background job must not hold the output that the harness reads to its end.
  await to.machine.sh(`rm -f ${received}
    socat -u TCP${family}-LISTEN:${port},reuseaddr CREATE:${received} >/dev/null 2>&1 </dev/null &`);
  await waitForSockets("a listening socket", (states) => states.includes(LISTEN));
  const sent = await from.machine.sh(`
    head -c ${bytes} /dev/urandom >/run/sent
    socat -u FILE:/run/sent TCP${family}:${address}:${port}
    sha256sum </run/sent
    rm /run/sent`);
  // The last packet of the connection acknowledges that the receiver has closed it too.
  await waitForSockets("no socket", (states) => states.length === 0);
  assert.equal(await to.machine.sh(`stat -c %s ${received}`), `${bytes}\n`);
  assert.equal(await to.machine.sh(`sha256sum <${received}; rm ${received}`), sent);
}

const LISTEN = "0A";

/** The states, as /proc/net/tcp has them, of the sockets on a port of a machine. */
async function socketStates({ machine }: End, family: Family, port: number): Promise<string[]> {
  const table = await machine.sh(`cat /proc/net/tcp${family === 4 ? "" : "6"}`);
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").map((line) => line.trim().split(/\s+/))
    .filter(([, address]) => address?.endsWith(local)).map(([, , , state]) => state ?? "");
}
