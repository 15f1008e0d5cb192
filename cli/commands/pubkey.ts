import { BASE64_KEY_LENGTH, formatKey, parseKey } from "../../core/keys.ts";
import { isSpace, readKeyText } from "../key_text.ts";
import { printError, writeStdout } from "../output.ts";
import { programName, UsageError } from "../program_name.ts";
import { derivePublicKey } from "../public_key.ts";

/** `wgts pubkey`: reads a private key from stdin and writes its public key, as `wg pubkey` does. */
export async function main(args: string[]): Promise<number> {
  if (args.length > 0) throw new UsageError();
  const { text, stray } = readKeyText(Deno.stdin, (byte) => byte === 0 || isSpace(byte));
  if (stray !== null) return fail("Trailing characters found after key");
  const privateKey = text.length < BASE64_KEY_LENGTH ? null : parseKey(text);
  if (privateKey === null) return fail("Key is not the correct length or format");
  const publicKey = await derivePublicKey(privateKey);
  privateKey.fill(0);
  writeStdout(`${formatKey(publicKey)}\n`);
  return 0;
}

function fail(complaint: string): number {
  printError(`${programName()}: ${complaint}`);
  return 1;
}
