import { ConfigDocument } from "../../core/config/document.ts";
import { needsReplacements, replacementsIn, stripQuickConfig } from "../../core/config/strip.ts";
import { decodeConfigText } from "../../core/config/text.ts";
import { printError, writeAllStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { parseCommandLine } from "../system/command_line.ts";
import { readConfig, readConfigFile, requireLocation } from "../system/config_file.ts";

/** `wgts strip`: prints a tunnel's config as `wg setconf` takes it. */
export function main(args: string[]): number {
  const line = parseCommandLine(args, []);
  if (line === null) throw new UsageError();
  const { path } = requireLocation(line.operand);
  const { bytes, path: real } = readConfigFile(path, printError);
  // A byte is a character and the other way round, so that none gets lost.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const document = ConfigDocument.parse(decodeConfigText(bytes), real, () => {});
  const replacements = needsReplacements(document)
    // It was complained about already.
    ? replacementsIn(document, readConfig(real, () => {}).config)
    : undefined;
  const stripped = stripQuickConfig(text, replacements);
  writeAllStdout(Uint8Array.from(stripped, (character) => character.charCodeAt(0)));
  return 0;
}
