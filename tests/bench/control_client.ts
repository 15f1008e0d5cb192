/**
 * A client of a control socket that never has enough, for control_latency.ts. Arguments: the socket, and
 * `get` to ask again and again as fast as answers come, or `slow` to read one answer at a byte a second.
 */
const [path = "", mode] = Deno.args;
const REQUEST = new TextEncoder().encode("get=1\n\n");
const END = new TextEncoder().encode("errno=0\n\n");

using connection = await Deno.connect({ transport: "unix", path });
if (mode === "slow") {
  await connection.write(REQUEST);
  const byte = new Uint8Array(1);
  while (await connection.read(byte) !== null) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
} else {
  const buffer = new Uint8Array(1 << 18);
  for (;;) {
    await connection.write(REQUEST);
    for (let tail = new Uint8Array(0); !endsWith(tail, END);) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error("The engine has closed the connection");
      tail = Uint8Array.of(...tail, ...buffer.slice(Math.max(0, count - END.length), count))
        .slice(-END.length);
    }
  }
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return bytes.length === end.length && bytes.every((byte, at) => byte === end[at]);
}
