import { parseTableNames } from "../../core/plan.ts";

/** Files of table names, later ones win (ip-route(8)). */
const FILES = ["/usr/share/iproute2/rt_tables", "/etc/iproute2/rt_tables"];
const DIRECTORIES = ["/usr/share/iproute2/rt_tables.d", "/etc/iproute2/rt_tables.d"];

/** The numbers of this system's routing tables by their names. */
export function readTableNames(): Map<string, number> {
  const names = new Map<string, number>();
  for (const path of tableNameFiles()) {
    for (const [name, number] of parseTableNames(readIfThere(path))) names.set(name, number);
  }
  return names;
}

function* tableNameFiles(): Generator<string> {
  yield* FILES;
  for (const directory of DIRECTORIES) {
    try {
      for (const { name } of Deno.readDirSync(directory)) {
        if (name.endsWith(".conf")) yield `${directory}/${name}`;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
