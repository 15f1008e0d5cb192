/**
 * The path of the program's entry point, for another process of the runtime to run; null where the program
 * is compiled, and its own executable.
 */
export function ownScript(): string | null {
  return Deno.build.standalone ? null : `${import.meta.dirname}/main.ts`;
}
