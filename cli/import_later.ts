/**
 * The URL of this module's directory. Where the program is bundled, that of what takes the place of the
 * modules, laid out alike.
 */
const ROOT = import.meta.url.slice(0, import.meta.url.lastIndexOf("/") + 1);
const IS_BUNDLED = import.meta.url.endsWith(".js");

/**
 * The URL of a module that is no import of any other: one for {@linkcode importLater} or a worker. It must
 * be named to the bundler, in tests/later_modules.ts.
 *
 * @param path relative to the directory of this one
 */
export function laterModule(path: string): string {
  // As text: the first `URL` of a program takes as long as two modules.
  return ROOT + (IS_BUNDLED ? path.replace(/\.ts$/, ".js") : path);
}

/**
 * Imports a module when it is needed, and not before. A literal `import()` doesn't: where the program isn't
 * compiled, all modules that literals name, wherever they stand, are loaded before it starts.
 *
 * @param path of the module, as for {@linkcode laterModule}
 */
export function importLater<Module>(path: string): Promise<Module> {
  return import(laterModule(path));
}
