/** Mode bits of others than owner and group. */
const WORLD = 0o007;

/**
 * Whether everybody may access the file at `path`, a directory on the way to it not looked at but its
 * own.
 */
export function isWorldAccessible(path: string): boolean {
  const real = Deno.realPathSync(path);
  const { isFile, mode } = Deno.statSync(real);
  const directory = Deno.statSync(real.slice(0, real.lastIndexOf("/")) || "/").mode;
  return isFile && ((mode ?? 0) & (directory ?? 0) & WORLD) !== 0;
}
