import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("configs");

/** Whether configs keep their keys to themselves, and `up` takes them. */
export function checkConfigs({ files }: Pick<HostView, "files">): DoctorFinding[] {
  if ("hidden" in files) return [finding("unknown", files.hidden)];
  if (files.value.length === 0) return [finding("ok", "there are no configs in /etc/wireguard")];
  return files.value.flatMap(({ name, path, worldAccessible, error }) => {
    const interfaces = [name];
    const found = worldAccessible.map((open) =>
      finding("warning", `${open} is accessible to everybody`, {
        interfaces,
        meaning: "every user of this host may read, or even change, its keys",
        advice: `chmod 600 ${open}`,
      })
    );
    if (error !== null) {
      found.push(finding("problem", error, {
        interfaces,
        meaning: "`up' refuses it",
        advice: `wgts check ${path}`,
      }));
    }
    return found.length > 0 ? found : [finding("ok", `${path} is fine`, { interfaces })];
  });
}
