import { importLater } from "../import_later.ts";
import { printError } from "../output.ts";

type Save = typeof import("./save.ts");

/** Saves a running tunnel to its config. Most configs don't want that, nor to load what it takes. */
export async function saveLater(name: string, path: string): Promise<void> {
  const { saveTunnel } = await importLater<Save>("system/save.ts");
  await saveTunnel(name, path, printError);
}
