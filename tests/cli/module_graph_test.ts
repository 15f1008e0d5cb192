/** What the quick commands load: each module is start-up time of every call in a script. */
import assert from "node:assert/strict";
import { LATER_MODULES } from "../later_modules.ts";

const root = new URL("../../", import.meta.url).pathname;

interface Graph {
  roots: string[];
  modules: { specifier: string; dependencies?: { code?: { specifier: string } }[] }[];
}

/** Those modules that {@linkcode modulesOf} gives, each with what it names itself. */
async function graphOf(path: string): Promise<Map<string, string[]>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `${root}${path}`],
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const dependencies = new Map(
    modules.map(({ specifier, dependencies = [] }) => [specifier, dependencies]),
  );
  const below = (specifier: string) => specifier.replace(`file://${root}`, "");
  const graph = new Map<string, string[]>();
  const seen = new Set(roots);
  for (const specifier of seen) {
    const named: string[] = [];
    for (const { code } of dependencies.get(specifier) ?? []) {
      if (code === undefined) continue;
      seen.add(code.specifier);
      named.push(below(code.specifier));
    }
    graph.set(below(specifier), named);
  }
  return graph;
}

/**
 * The modules that `deno run` loads before it runs the module at `path`, below the project's root: those
 * that its code imports, and those that a literal `import()` names.
 */
async function modulesOf(path: string): Promise<string[]> {
  return [...(await graphOf(path)).keys()];
}

Deno.test("the entry point loads no command, and only what it says", async () => {
  assert.deepEqual((await modulesOf("cli/main.ts")).toSorted(), [
    "cli/import_later.ts",
    "cli/main.ts",
    "cli/output.ts",
    "cli/program_name.ts",
  ]);
});

for (
  const [command, limit] of [
    ["genkey", 7],
    ["genpsk", 7],
    ["pubkey", 7],
    ["show", 11],
    ["showconf", 9],
    ["set", 21],
  ] as const
) {
  Deno.test(`${command} loads little, and nothing of other commands and of the engine`, async () => {
    const own = `cli/commands/${command}.ts`;
    const modules = await modulesOf(own);
    assert.ok(modules.includes(own));
    assert.ok(modules.length > 2 && modules.length <= limit, `${modules.length} modules`);
    for (const module of modules) {
      assert.doesNotMatch(module, /^npm:|^cli\/engine\/|noble/);
      if (module.startsWith("cli/commands/")) assert.equal(module, own);
    }
  });
}

for (const command of ["show", "showconf", "set"]) {
  Deno.test(`${command} names all that it loads but for what the entry point has loaded`, async () => {
    const own = `cli/commands/${command}.ts`;
    const graph = await graphOf(own);
    const named = new Set([own, ...graph.get(own) ?? [], ...await modulesOf("cli/main.ts")]);
    assert.deepEqual([...graph.keys()].filter((module) => !named.has(module)), []);
  });
}

Deno.test("all that is imported later, and nothing else, is bundled beside the commands", async () => {
  const later = new Set<string>();
  for (const module of await modulesBelow("cli")) {
    const source = await Deno.readTextFile(root + module);
    for (
      const [, path = ""] of source.matchAll(/[ (](?:importLater<\w+>|laterModule)\(\s*"([^"]+)"/g)
    ) {
      later.add(new URL(path, `file://${root}cli/`).pathname.slice(root.length));
    }
  }
  assert.deepEqual([...later].sort(), [...LATER_MODULES]);
});

/** All modules in a directory below the project's root, and in those below it. */
async function modulesBelow(directory: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(root + directory));
  const lists = await Promise.all(entries.map(({ name, isDirectory }) => {
    const path = `${directory}/${name}`;
    return isDirectory ? modulesBelow(path) : path.endsWith(".ts") ? [path] : [];
  }));
  return lists.flat();
}
