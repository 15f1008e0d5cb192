import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("journals");

/** What commands that were cut off left behind. */
export function checkJournals(
  { journals, ended }: Pick<HostView, "journals" | "ended">,
): DoctorFinding[] {
  if ("hidden" in journals) return [finding("unknown", journals.hidden)];
  const dead = new Set(ended.map(({ name }) => name));
  const found = journals.value.flatMap(({ name, phase, isInUse, isAlive }) => {
    // Those are told of already.
    const isSound = isInUse || (phase === "up" && (isAlive || dead.has(name)));
    if (isSound) return [];
    const seen = phase === "starting"
      ? `an \`up' of ${name} was cut off`
      : phase === "down"
      ? `a \`down' of ${name} was cut off`
      : `${name} is gone, but wasn't taken down`;
    return [finding("problem", seen, {
      interfaces: [name],
      meaning: "addresses, routes, rules or firewall rules of it may be left",
      advice: `wgts down ${name}, or wgts up ${name}, which cleans up first`,
    })];
  });
  return found.length > 0 ? found : [finding("ok", "no command was cut off")];
}
