import { formatKey, parseKey } from "../../core/keys.ts";
import { loadPublicKeyOf } from "../crypto.ts";
import { writeStdout } from "../output.ts";
import { UsageError } from "../usage_error.ts";

const BASE64_KEY_LENGTH = 44;

/** `wgts pubkey`: reads a private key from stdin and writes its public key, as `wg pubkey` does. */
export async function main(args: string[]): Promise<number> {
  if (args.length > 0) throw new UsageError();
  const text = readAll();
  // In `wg`'s order, on which its message depends.
  const isLongEnough = text.length >= BASE64_KEY_LENGTH;
  if (isLongEnough && !/^[\s\0]*$/.test(text.slice(BASE64_KEY_LENGTH))) {
    return fail("wgts: Trailing characters found after key");
  }
  const privateKey = isLongEnough ? parseKey(text.slice(0, BASE64_KEY_LENGTH)) : null;
  if (privateKey === null) return fail("wgts: Key is not the correct length or format");
  const publicKey = (await loadPublicKeyOf())(privateKey);
  privateKey.fill(0);
  writeStdout(`${formatKey(publicKey)}\n`);
  return 0;
}

function fail(line: string): number {
  console.error(line);
  return 1;
}

/** Stdin up to its end, as Latin-1 so that no byte gets lost; a key is ASCII. */
function readAll(): string {
  const chunk = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const count = Deno.stdin.readSync(chunk);
    if (count === null) return text;
    text += String.fromCharCode(...chunk.subarray(0, count));
  }
}
