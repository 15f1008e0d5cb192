import assert from "node:assert/strict";
import { ConfigError } from "../../../core/config/error.ts";
import {
  KeyFileError,
  type KeyInFile,
  readKeyFiles,
  showKeyFile,
} from "../../../core/config/key_files.ts";
import type { KeyFileName } from "../../../core/config/types.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { lintConfig, type LintResult, neighbourOf } from "../../../core/lint/lint.ts";
import { formatFindings, formatFindingsJson } from "../../../core/lint/report.ts";
import type { LintSurroundings } from "../../../core/lint/surroundings.ts";
import { styleOf } from "../../../core/show/style.ts";
import { UNICODE } from "../../../core/terminal_text.ts";
import type { Input, Target } from "../target.ts";
import { generateConfig } from "./config.ts";

const FILES = [
  "exclusion_rules",
  "finding",
  "frame",
  "hook_rules",
  "interface_rules",
  "key_file_rules",
  "lint",
  "located",
  "masked_line",
  "neighbour_rules",
  "peer_rules",
  "portability_rules",
  "refusals",
  "report",
];

const KEY_LIKE = /[A-Za-z0-9+/]{40}/;

/** Half of all files can't be read. */
function readKeyOrFail({ name }: KeyFileName): KeyInFile {
  if (name.length % 2 === 1) throw new KeyFileError(showKeyFile(name, name));
  return { key: new Uint8Array(32), path: showKeyFile(name, name), isWorldAccessible: true };
}

const SURROUNDINGS: LintSurroundings = {
  file: "wg0.conf",
  isNamedAfterInterface: true,
  isWorldAccessible: true,
  hasBash: false,
  tableNames: new Map([["main", 254]]),
  servicePort: (name) => name === "domain" ? 53 : null,
  publicKeyOf: (privateKey) => privateKey.slice(),
  readKeyFile: readKeyOrFail,
  neighbours: [neighbourOf("[Interface]\nListenPort=51820\nAddress=10.0.0.1/8,::2", "wg1.conf")],
};

/** What `check` finds: an error exactly if `up` refuses the config, at places that the file has. */
export const check: Target = {
  name: "check",
  sources: FILES.map((name) => `core/lint/${name}.ts`),
  generate: generateConfig,
  run(input: Input): boolean {
    assert(typeof input === "string");
    const result = lintConfig(input, SURROUNDINGS);
    const hasError = result.findings.some(({ severity }) => severity === "error");
    assert.equal(hasError, isRefused(input), "not the same verdict");
    checkPlaces(result);
    const text = formatFindings([result], { style: styleOf(false), charset: UNICODE });
    // deno-lint-ignore no-control-regex -- there must be none
    assert.doesNotMatch(text, /[\0-\x09\x0b-\x1f\x7f]/, "a control character in the report");
    assert.doesNotMatch(text + formatFindingsJson([result]), KEY_LIKE, "a key in the report");
    return !hasError;
  },
};

/** Whether `up` wouldn't take it, or would end at the name of its table. */
function isRefused(text: string): boolean {
  const { servicePort, tableNames } = SURROUNDINGS;
  try {
    const config = parseQuickConfig(text, "wg0.conf", { servicePort });
    readKeyFiles(config, "wg0.conf", (file) => readKeyOrFail(file).key);
    const { table } = config.interface;
    return typeof table === "object" && !tableNames.has(table.name);
  } catch (error) {
    if (error instanceof ConfigError) return true;
    throw error;
  }
}

function checkPlaces({ document, findings }: LintResult): void {
  let last = 0;
  for (const { span: { line, start, end } } of findings) {
    assert(line >= last, "not in the order of the file");
    last = line;
    if (line === 0) continue;
    const { text } = document.lines[line - 1] ?? assert.fail("no such line");
    assert(0 <= start && start <= end && end <= text.length, "not in the line");
    assert.doesNotMatch(text.slice(start, end), /^[ \t]|[ \t]$/, "space at the part's ends");
  }
}
