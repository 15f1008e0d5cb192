import { lintConfig, type LintResult } from "../../core/lint/lint.ts";
import { countFindings, formatFindings, formatFindingsJson } from "../../core/lint/report.ts";
import { loadPublicKeyOf } from "../crypto.ts";
import { printError, writeStdout } from "../output.ts";
import { partAtDashes } from "../option_values.ts";
import { UsageError } from "../program_name.ts";
import { keyFilePlaces, readConfigKey } from "../system/config_keys.ts";
import { hasBash } from "../system/hooks.ts";
import { type LintSource, NeighbourReader, readLintSource } from "../system/lint_sources.ts";
import { servicePort } from "../system/services.ts";
import { readTableNames } from "../system/table_names.ts";
import { terminalCharset, terminalStyle } from "../terminal_look.ts";

/** `wgts check`: what is wrong or odd about configs. Fails for errors; strictly, for warnings too. */
export async function main(args: string[]): Promise<number> {
  const { operands, json, strict } = parseArguments(args);
  const { sources, problems } = await readSources(operands);
  const results = await lintAll(sources);
  writeStdout(
    json
      ? formatFindingsJson(results)
      : formatFindings(results, { style: terminalStyle(), charset: terminalCharset() }),
  );
  for (const problem of problems) printError(`wgts: ${problem}`);
  const { error, warning } = countFindings(results);
  return problems.length + error + (strict ? warning : 0) > 0 ? 1 : 0;
}

interface Arguments {
  readonly operands: readonly string[];
  readonly json: boolean;
  readonly strict: boolean;
}

function parseArguments(args: readonly string[]): Arguments {
  const { mayBeOptions, operands: rest } = partAtDashes(args);
  const isOption = (word: string) => word.startsWith("-") && word !== "-";
  const options = new Set(mayBeOptions.filter(isOption));
  const json = options.delete("--json"), strict = options.delete("--strict");
  const operands = [...new Set([...mayBeOptions.filter((word) => !isOption(word)), ...rest])];
  if (options.size > 0 || operands.length === 0) throw new UsageError();
  return { operands, json, strict };
}

/** A config that can't be read doesn't keep the others from being checked. */
async function readSources(
  operands: readonly string[],
): Promise<{ sources: LintSource[]; problems: string[] }> {
  const sources: LintSource[] = [], problems: string[] = [];
  for (const operand of operands) {
    try {
      sources.push(await readLintSource(operand));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { sources, problems };
}

async function lintAll(sources: readonly LintSource[]): Promise<LintResult[]> {
  const publicKeyOf = await loadPublicKeyOf();
  const bash = hasBash(), tableNames = readTableNames();
  const reader = new NeighbourReader();
  return sources.map((source) => {
    const { file, isNamedAfterInterface, isWorldAccessible } = source;
    const places = keyFilePlaces(source.realPath ?? `${Deno.cwd()}/stdin`);
    const neighbours = reader.neighboursOf(source, sources);
    return lintConfig(source.text, {
      file,
      isNamedAfterInterface,
      isWorldAccessible,
      hasBash: bash,
      tableNames,
      servicePort,
      publicKeyOf,
      readKeyFile: (file) => readConfigKey(file, places),
      neighbours,
    });
  });
}
