import { runConfigChange } from "../config_change.ts";

/** `wgts addconf`: adds what a file of the wg(8) dialect says to an interface. */
export function main(args: string[]): Promise<number> {
  return runConfigChange("addconf", args);
}
