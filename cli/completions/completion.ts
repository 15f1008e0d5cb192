/** What could stand at a place of a command line. */

/** One possibility. */
export interface Candidate {
  readonly value: string;
  /** For people; "" when the value tells enough. */
  readonly description: string;
}

/** Files that could stand there too; the shell knows best how to complete their names. */
export type Files = "none" | "any" | "configs" | "directories";

/** All possibilities. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly files: Files;
}

/** What completions need to know of the system. Whatever can't be had is empty. */
export interface CompletionSurroundings {
  /** Names of all interfaces. */
  interfaces(): Promise<readonly string[]>;
  /** Peers of an interface: public keys, with their names as descriptions. */
  peers(interfaceName: string): Promise<readonly Candidate[]>;
  /** Names of the configs in /etc/wireguard. */
  configs(): readonly string[];
  /** Names of network interfaces of any kind. */
  links(): readonly string[];
  /** Names of network namespaces. */
  namespaces(): readonly string[];
  /** Names of groups of users. */
  groups(): readonly string[];
}

/** Nothing is known. */
export const NOTHING: Completion = { candidates: [], files: "none" };
/** The name of a file. */
export const FILES: Completion = { candidates: [], files: "any" };

/** These words, without a description. */
export function words(values: Iterable<string>, files: Files = "none"): Completion {
  return { candidates: Array.from(values, (value) => ({ value, description: "" })), files };
}

/** These words, each with its description. */
export function described(values: Iterable<readonly [string, string]>): Completion {
  const candidates = Array.from(values, ([value, description]) => ({ value, description }));
  return { candidates, files: "none" };
}

/**
 * The lines that tell the shells' scripts of a completion: a value, a tab and a description each, those
 * that begin with `prefix`; `:` and a word for files.
 */
export function completionLines({ candidates, files }: Completion, prefix: string): string[] {
  const lines = candidates.filter(({ value }) => value.startsWith(prefix) && isPlain(value))
    .map(({ value, description }) =>
      description === "" ? value : `${value}\t${description.replace(/[\p{C}\s]+/gu, " ")}`
    );
  return files === "none" ? lines : [...lines, `:${files}`];
}

/** What has other characters would need the quoting of each shell; no interface or key has. */
function isPlain(value: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(value) && !value.startsWith(":");
}
