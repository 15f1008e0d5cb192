/**
 * Imports a module when it is needed, and not before. A literal `import()` doesn't: where the program isn't
 * compiled, all modules that literals name, wherever they stand, are loaded before it starts. What only
 * this imports must be named to the compiler: see the task `compile`.
 *
 * @param path of the module, relative to `base`, the importing module's `import.meta.url`
 */
export function importLater<Module>(path: string, base: string): Promise<Module> {
  return import(new URL(path, base).href);
}
