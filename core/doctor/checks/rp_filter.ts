import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("rp-filter");
const STRICT = 1;

/** Whether the answers to tunnels that take the IPv4 default route pass reverse-path filtering. */
export function checkRpFilter(
  { links, rpFilter, srcValidMark, tunnels }: Pick<
    HostView,
    "links" | "rpFilter" | "srcValidMark" | "tunnels"
  >,
): DoctorFinding[] {
  const own = new Set(tunnels.map(({ name }) => name));
  // The kernel takes the larger one of what conf/all and conf/NAME say.
  const strict = links.filter((link) =>
    link.up && link.name !== "lo" && !own.has(link.name) &&
    Math.max(rpFilter ?? 0, link.rpFilter ?? 0) === STRICT
  ).map(({ name }) => name);
  if (strict.length === 0) return [finding("ok", "reverse-path filtering isn't strict")];
  const seen = `reverse-path filtering is strict at ${strict.join(", ")}`;
  if (srcValidMark === null) return [finding("unknown", `${seen}; src_valid_mark can't be read`)];
  if (srcValidMark.isSet) return [finding("ok", `${seen}, and looks at marks (src_valid_mark=1)`)];
  const affected = tunnels.filter(({ config, running, allowedIps }) =>
    allowedIps.some(({ family, length }) => family === 4 && length === 0) &&
    (running === null ? config?.automaticRoutes === true : running.fwmark !== 0)
  );
  const running = affected.filter((tunnel) => tunnel.running !== null).map(({ name }) => name);
  if (running.length > 0) {
    return [finding("problem", `${seen}, and net.ipv4.conf.all.src_valid_mark is 0`, {
      interfaces: running,
      meaning: `what peers send to ${running.join(", ")} is dropped on arrival`,
      advice: "sysctl -w net.ipv4.conf.all.src_valid_mark=1",
    })];
  }
  if (srcValidMark.isWritable || affected.length === 0) {
    return [finding("ok", `${seen}; \`up' of a tunnel with a default route sets src_valid_mark`)];
  }
  return [finding("warning", `${seen}, and src_valid_mark is 0 and can't be set from here`, {
    interfaces: affected.map(({ name }) => name),
    meaning: "what peers send will be dropped on arrival",
    advice: "docker run --sysctl net.ipv4.conf.all.src_valid_mark=1",
  })];
}
