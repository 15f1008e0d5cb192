import { formatKey, generatePrivateKey } from "../../core/keys.ts";
import { writeKey } from "../key_output.ts";
import { UsageError } from "../program_name.ts";
import { systemRandom } from "../random.ts";

/** `wgts genkey`: a new private key, clamped, in base64. */
export function main(args: string[]): Promise<number> {
  if (args.length > 0) throw new UsageError();
  writeKey(formatKey(generatePrivateKey(systemRandom)));
  return Promise.resolve(0);
}
