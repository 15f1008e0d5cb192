import { libc } from "../../ffi/libc.ts";

const isRoot = libc.geteuid() === 0;

/**
 * A test that needs root. Without it, the test is ignored and its name says so; where the environment
 * variable CI is set it fails instead, so that no build passes by skipping.
 */
export function rootTest(name: string, body: () => void | Promise<void>): void {
  const inCi = Deno.env.get("CI") !== undefined;
  Deno.test({
    name: isRoot ? name : `${name} (needs root)`,
    ignore: !isRoot && !inCi,
    fn: () => {
      if (!isRoot) throw new Error("This test needs root, and CI is set");
      return body();
    },
  });
}
