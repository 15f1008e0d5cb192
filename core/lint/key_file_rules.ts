/** Keys that are in files of their own. */

import type { ConfigError } from "../config/error.ts";
import { readKeyFiles } from "../config/key_files.ts";
import type { KeyFileName, QuickConfig } from "../config/types.ts";
import { isZeroKey } from "../keys.ts";
import { type Span, type Tell, WHOLE_FILE } from "./finding.ts";
import { type LocatedSection, valueSpan } from "./located.ts";
import type { LintSurroundings } from "./surroundings.ts";

/** Gives `config` the keys of the files that it names, and tells what is odd about these. */
export function checkKeyFiles(
  config: QuickConfig,
  sections: readonly LocatedSection[],
  { file, readKeyFile }: LintSurroundings,
  refuse: (error: ConfigError) => void,
  tell: Tell,
): void {
  readKeyFiles(config, file, (named) => {
    const { key, path, isWorldAccessible } = readKeyFile(named);
    if (isWorldAccessible) {
      const message = `everybody may access ${path}, which holds a secret key`;
      tell("world-accessible", spanOf(sections, named), message, "chmod 600 it");
    }
    if (isZeroKey(key)) {
      tell("zero-key", spanOf(sections, named), `${path} holds no key`, "`wgts genkey' makes one");
    }
    return key;
  }, refuse);
}

function spanOf(sections: readonly LocatedSection[], { line }: KeyFileName): Span {
  const setting = sections.flatMap(({ settings }) => settings)
    .find((setting) => setting.line.number === line);
  return setting === undefined ? WHOLE_FILE : valueSpan(setting.line);
}
