import { versionLine } from "../help.ts";

/** `wgts version`: one line on stdout. */
export function main(_args: string[]): Promise<number> {
  console.log(versionLine());
  return Promise.resolve(0);
}
