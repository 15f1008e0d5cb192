/** What the quick commands load: each module is start-up time of every call in a script. */
import assert from "node:assert/strict";

const root = new URL("../../", import.meta.url).pathname;

interface Graph {
  roots: string[];
  modules: { specifier: string; dependencies?: { code?: { specifier: string } }[] }[];
}

/**
 * The modules that `deno run` loads before it runs the module at `path`, below the project's root: those
 * that its code imports, and those that a literal `import()` names.
 */
async function modulesOf(path: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `${root}${path}`],
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const dependencies = new Map(
    modules.map(({ specifier, dependencies = [] }) => [specifier, dependencies]),
  );
  const seen = new Set(roots);
  for (const specifier of seen) {
    for (const { code } of dependencies.get(specifier) ?? []) {
      if (code !== undefined) seen.add(code.specifier);
    }
  }
  return [...seen].map((specifier) => specifier.replace(`file://${root}`, ""));
}

Deno.test("the entry point loads no command, and only what it says", async () => {
  assert.deepEqual((await modulesOf("cli/main.ts")).toSorted(), [
    "cli/import_later.ts",
    "cli/main.ts",
    "cli/output.ts",
    "cli/program_name.ts",
    "cli/usage_error.ts",
  ]);
});

for (
  const [command, limit] of [
    ["genkey", 9],
    ["genpsk", 9],
    ["pubkey", 9],
    ["show", 20],
    ["set", 24],
  ] as const
) {
  Deno.test(`${command} loads little, and nothing of other commands and of the engine`, async () => {
    const own = `cli/commands/${command}.ts`;
    const modules = await modulesOf(own);
    assert.ok(modules.includes(own));
    assert.ok(modules.length > 2 && modules.length <= limit, `${modules.length} modules`);
    for (const module of modules) {
      assert.doesNotMatch(module, /^npm:|^cli\/engine\/(?!control_path)|noble/);
      if (module.startsWith("cli/commands/")) assert.equal(module, own);
    }
  });
}

Deno.test("all that is imported later is compiled into the program", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  const entries: string[] = [...tasks.compile.matchAll(/--include (\S+\.ts)/g)].map(([, path]) =>
    path
  );
  for (const { name } of Deno.readDirSync(`${root}cli/commands`)) {
    entries.push(`cli/commands/${name}`);
  }
  assert.match(tasks.compile, /--include cli\/commands /);
  const compiled = new Set((await Promise.all(entries.map(modulesOf))).flat());
  const later: string[] = [];
  for (const module of compiled) {
    if (!module.startsWith("cli/")) continue;
    const source = await Deno.readTextFile(root + module);
    for (const [, path = ""] of source.matchAll(/importLater<\w+>\(\s*"([^"]+)"/g)) {
      later.push(new URL(path, `file://${root}${module}`).pathname.slice(root.length));
    }
  }
  assert.ok(later.length >= 4, later.join());
  assert.deepEqual(later.filter((module) => !compiled.has(module)), []);
});
