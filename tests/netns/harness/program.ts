/** The programs under test and those they are compared with. */
import { pathOf } from "./paths.ts";

/**
 * The command that starts wgts: the compiled program named by the environment variable WGTS, else
 * the sources. The task `test:e2e` compiles it, since the command line is part of what is tested.
 */
export function wgts(): string[] {
  const compiled = Deno.env.get("WGTS");
  if (compiled) return [compiled];
  if (Deno.env.get("CI")) throw new Error("WGTS must name the compiled program in CI");
  return [Deno.execPath(), "run", "-A", "--quiet", pathOf("../../../cli/main.ts")];
}

/** Where tests/setup.ts puts the current wireguard-go, which Debian 12 does not have. */
export const CURRENT_WIREGUARD_GO = pathOf("../.cache/bin/wireguard");

/** Where tests/setup.ts puts boringtun, which no Debian has. */
export const BORINGTUN = pathOf("../.cache/bin/boringtun-cli");

/** Where tests/setup.ts puts Prometheus' checker of metrics, where it isn't installed. */
export const CACHED_PROMTOOL = pathOf("../.cache/bin/promtool");
