import type { ConfigLocation } from "../../core/config/interface_name.ts";
import { examine } from "../../core/doctor/examine.ts";
import { countStatus, formatDoctor, formatDoctorJson } from "../../core/doctor/report.ts";
import { writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { isThere, MissingConfigError, requireLocation } from "../system/config_file.ts";
import { seeHost } from "../system/doctor/see_host.ts";
import { terminalCharset, terminalStyle } from "../terminal_look.ts";

const SWITCHES: readonly string[] = ["--json", "--json-schema"];

/** `wgts doctor`: what of this host keeps tunnels from coming up, or from working. Fails for problems. */
export async function main(args: string[]): Promise<number> {
  const switches = new Set(args.filter((word) => word.startsWith("-")));
  const [operand, ...more] = args.filter((word) => !word.startsWith("-"));
  const isKnown = [...switches].every((word) => SWITCHES.includes(word));
  if (!isKnown || more.length > 0) throw new UsageError();
  if (switches.has("--json-schema")) {
    if (switches.size > 1 || operand !== undefined) throw new UsageError();
    writeStdout(await readSchema());
    return 0;
  }
  const location = operand === undefined ? null : requireLocation(operand);
  const hasFile = location !== null && isThere(location.path);
  const view = await seeHost(hasFile ? location : null);
  if (location !== null && !hasFile) requireTunnel(location, view.tunnels);
  const findings = examine(view, location?.name ?? null);
  writeStdout(
    switches.has("--json")
      ? formatDoctorJson(findings)
      : formatDoctor(findings, { style: terminalStyle(), charset: terminalCharset() }),
  );
  return countStatus(findings, "problem") > 0 ? 1 : 0;
}

function requireTunnel(
  { name, path }: ConfigLocation,
  tunnels: readonly { readonly name: string }[],
): void {
  if (!tunnels.some((tunnel) => tunnel.name === name)) throw new MissingConfigError(path);
}

async function readSchema(): Promise<string> {
  const { default: schema } = await import("../share/doctor.schema.json", {
    with: { type: "json" },
  });
  return JSON.stringify(schema, null, 2) + "\n";
}
