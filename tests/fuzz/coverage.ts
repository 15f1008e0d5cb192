/** The branches of a file, and how many of them a run has taken. */
export interface BranchCoverage {
  readonly file: string;
  readonly taken: number;
  readonly branches: number;
}

/**
 * What the coverage profiles in `directory` tell of the files in `sources`, which are paths from the
 * project's root.
 */
export async function branchCoverage(
  directory: string,
  sources: readonly string[],
): Promise<BranchCoverage[]> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["coverage", "--quiet", "--lcov", directory],
    stderr: "inherit",
  }).output();
  if (!output.success) throw new Error("deno coverage failed");
  const found = parseLcov(new TextDecoder().decode(output.stdout));
  return sources.map((file) => {
    const [, branches] = [...found].find(([path]) => path.endsWith(`/${file}`)) ?? [];
    if (branches === undefined) throw new Error(`no coverage of ${file}`);
    const taken = branches.filter((taken) => taken).length;
    return { file, taken, branches: branches.length };
  });
}

/** For each file, whether each of its branches was taken. */
function parseLcov(text: string): Map<string, boolean[]> {
  const files = new Map<string, boolean[]>();
  let branches: boolean[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("SF:")) files.set(line.slice(3), branches = []);
    else if (line.startsWith("BRDA:")) branches.push(!/,(0|-)$/.test(line));
  }
  return files;
}
