import { runConfigChange } from "../config_change.ts";

/** `wgts setconf`: gives an interface exactly what a file of the wg(8) dialect says. */
export function main(args: string[]): Promise<number> {
  return runConfigChange("setconf", args);
}
