import { usage } from "../help.ts";

/** `wgts help`: usage on stdout. */
export function main(_args: string[]): Promise<number> {
  console.log(usage().trimEnd());
  return Promise.resolve(0);
}
