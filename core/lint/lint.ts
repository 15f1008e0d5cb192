/** Finds all that is wrong or odd about a config of the wg-quick(8) dialect. */

import { ConfigDocument } from "../config/document.ts";
import type { ConfigError } from "../config/error.ts";
import { readQuickConfig } from "../config/quick.ts";
import type { QuickConfig } from "../config/types.ts";
import { collect, type Finding } from "./finding.ts";
import { checkExclusions } from "./exclusion_rules.ts";
import { checkHooks } from "./hook_rules.ts";
import { checkInterface, checkRepeatedKeys } from "./interface_rules.ts";
import { locate, type LocatedSection, settingsOf } from "./located.ts";
import { checkKeyFiles } from "./key_file_rules.ts";
import { checkNeighbours } from "./neighbour_rules.ts";
import { checkPeers } from "./peer_rules.ts";
import { checkPortability } from "./portability_rules.ts";
import { tellRefusal } from "./refusals.ts";
import type { LintSurroundings, Neighbour } from "./surroundings.ts";

/** A config and what was found in it. */
export interface LintResult {
  /** Its lines; a byte order mark isn't among them. */
  readonly document: ConfigDocument;
  /** In the order of the file. */
  readonly findings: readonly Finding[];
}

/**
 * Finds all problems of the config `text`, not only the first one. Whatever the text is, nothing is
 * thrown; there is an error among the findings when, and only when, `up` would refuse it.
 */
export function lintConfig(text: string, surroundings: LintSurroundings): LintResult {
  const { findings, tell } = collect();
  const errors: ConfigError[] = [];
  const refuse = (error: ConfigError) => void errors.push(error);
  const document = ConfigDocument.parse(text, surroundings.file, refuse);
  const { servicePort } = surroundings;
  const config = readQuickConfig(document, { servicePort, refuse });
  const sections = locate(document);
  const keyed = headersWithKey(sections);
  checkKeyFiles(config, sections, surroundings, refuse, tell);
  for (const error of errors) {
    // A key that can't be read is an error of its own.
    const isConsequence = error.code === "no-public-key" && keyed.has(error.line);
    if (!isConsequence) tellRefusal(document, error, tell);
  }
  checkInterface(config, sections, surroundings, tell);
  checkRepeatedKeys(sections, tell);
  checkPeers(config, sections, surroundings, tell);
  checkExclusions(config, sections, tell);
  checkPortability(sections, tell);
  if (!surroundings.hasBash) checkHooks(sections, tell);
  checkNeighbours(config, sections, surroundings.neighbours, tell);
  wipe(config);
  return { document, findings: findings.toSorted(byPlace) };
}

/** What other configs need to know of the config `text`, however broken it is. */
export function neighbourOf(text: string, file: string): Neighbour {
  const refuse = () => {};
  const document = ConfigDocument.parse(text, file, refuse);
  const config = readQuickConfig(document, { refuse });
  wipe(config);
  const { listenPort, addresses } = config.interface;
  return { file, listenPort, addresses };
}

/** The lines of the headers of sections that have a PublicKey, whether it can be read or not. */
function headersWithKey(sections: readonly LocatedSection[]): ReadonlySet<number> {
  const keyed = sections.filter((section) => settingsOf([section], "PublicKey").length > 0);
  return new Set(keyed.map(({ line }) => line.number));
}

function byPlace({ span: a }: Finding, { span: b }: Finding): number {
  return a.line - b.line || a.start - b.start;
}

function wipe({ interface: { privateKey }, peers }: QuickConfig): void {
  privateKey?.fill(0);
  for (const { presharedKey } of peers) presharedKey?.fill(0);
}
