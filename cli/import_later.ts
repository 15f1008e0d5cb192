/**
 * The directory of this module. Where the program is bundled, that of what takes the place of the modules,
 * laid out alike.
 */
const ROOT = new URL("./", import.meta.url);
const IS_BUNDLED = import.meta.url.endsWith(".js");

/**
 * Where a module is that is no import of any other: one for {@linkcode importLater} or a worker. It must be
 * named to the bundler, in tests/later_modules.ts.
 *
 * @param path relative to the directory of this one
 */
export function laterModule(path: string): URL {
  return new URL(IS_BUNDLED ? path.replace(/\.ts$/, ".js") : path, ROOT);
}

/**
 * Imports a module when it is needed, and not before. A literal `import()` doesn't: where the program isn't
 * compiled, all modules that literals name, wherever they stand, are loaded before it starts.
 *
 * @param path of the module, as for {@linkcode laterModule}
 */
export function importLater<Module>(path: string): Promise<Module> {
  return import(laterModule(path).href);
}
