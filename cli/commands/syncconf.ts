import { runConfigChange } from "../config_change.ts";

/** `wgts syncconf`: as `setconf', but sessions of peers that stay live on. */
export function main(args: string[]): Promise<number> {
  return runConfigChange("syncconf", args);
}
