/**
 * Reads inputs as `wg` does, and tells what it says of them. A program of its own: it shall look up names
 * in the network namespace of the `wg` that it is compared with. Argument: a file with the JSON of all
 * {@linkcode WgInput}s, whose directory has the files that they name. Prints the JSON of the words of each.
 */
import { readKeyFile } from "../../cli/system/key_file.ts";
import { portNow, resolveNow } from "../../cli/system/wg_resolver.ts";
import { decodeConfigText, encodeConfigText } from "../../core/config/text.ts";
import { parseWgSet, type WgSetSurroundings } from "../../core/wg/arguments.ts";
import { parseWgFile } from "../../core/wg/config.ts";
import { WgError } from "../../core/wg/error.ts";
import { latin1Bytes, latin1Text } from "./latin1.ts";

/** A config, each of its characters a byte, or the arguments of `set`. */
export type WgInput = string | readonly string[];

/** What is said of an input, each character a byte, and whether it is accepted. */
export interface WgWords {
  readonly words: string;
  readonly accepted: boolean;
}

function wordsOf(input: WgInput): WgWords {
  let words = "";
  const print = (line: string) => {
    words += latin1Text(encodeConfigText(`${line}\n`));
  };
  const surroundings: WgSetSurroundings = {
    resolve: (host, service, text) => resolveNow(host, service, text, { retries: "0", print }),
    port: (service) => portNow(service, { retries: "0", print }),
    warn: print,
    readKey: readKeyFile,
  };
  try {
    if (typeof input !== "string") parseWgSet(input, surroundings);
    else parseWgFile(decodeConfigText(latin1Bytes(input)), "replace", surroundings);
    return { words, accepted: true };
  } catch (error) {
    if (!(error instanceof WgError)) throw error;
    print(error.message);
    return { words, accepted: false };
  }
}

function main(): void {
  const path = Deno.args[0] ?? "";
  const inputs: WgInput[] = JSON.parse(Deno.readTextFileSync(path));
  Deno.chdir(path.slice(0, path.lastIndexOf("/")));
  console.log(JSON.stringify(inputs.map(wordsOf)));
}

if (import.meta.main) main();
