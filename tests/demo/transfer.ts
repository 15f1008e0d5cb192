/** A file's worth of random bytes over TCP, and what both ends make of it. */
import { createHash, randomFillSync } from "node:crypto";

/** What one end saw. */
export interface Transferred {
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

const CHUNK_SIZE = 1 << 18;

/** Connects to `hostname`:`port` and sends `bytes` random bytes. */
export async function send(hostname: string, port: number, bytes: number): Promise<Transferred> {
  using connection = await Deno.connect({ hostname, port });
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_SIZE);
  for (let left = bytes; left > 0;) {
    const part = chunk.subarray(0, Math.min(left, chunk.length));
    randomFillSync(part);
    hash.update(part);
    for (let at = 0; at < part.length;) at += await connection.write(part.subarray(at));
    left -= part.length;
  }
  await connection.closeWrite();
  // The other end closes when it has everything.
  await connection.read(new Uint8Array(1));
  return { bytes, sha256: hash.digest("hex") };
}

/** Takes one connection and reads it to its end. */
export async function receive(listener: Deno.TcpListener): Promise<Transferred> {
  using connection = await listener.accept();
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_SIZE);
  let bytes = 0;
  for (let count; (count = await connection.read(chunk)) !== null; bytes += count) {
    hash.update(chunk.subarray(0, count));
  }
  return { bytes, sha256: hash.digest("hex") };
}
