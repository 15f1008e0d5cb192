/** What `wgts doctor` sees of the resolver. */
import type { HostView } from "../../../core/doctor/host_view.ts";
import { findDnsManager } from "../dns/surroundings.ts";
import { isWritable, readText } from "./files.ts";

const RESOLV_CONF = "/etc/resolv.conf";
/** Where systemd-resolved keeps its state while it runs. */
const RESOLVED_STATE = "/run/systemd/resolve";

/** Who manages the resolver. A systemd-resolved that doesn't run isn't asked, which would start it. */
export function seeDns(): HostView["dns"] {
  const leadsToResolved = readLink(RESOLV_CONF)?.includes("/systemd/resolve/") === true;
  if (leadsToResolved && !isThere(RESOLVED_STATE)) {
    const detail = `${RESOLV_CONF} leads to it, but it doesn't run`;
    return { value: { manager: "systemd-resolved", isUsable: false, detail } };
  }
  const manager = findDnsManager();
  switch (manager.kind) {
    case "resolved":
      return { value: { manager: "systemd-resolved", isUsable: true, detail: manager.reason } };
    case "resolvconf":
      return { value: { manager: "resolvconf", isUsable: true, detail: "it is installed" } };
    case "none":
      return { value: { manager: "", isUsable: false, detail: manager.reason } };
    case "file":
      return seeFile();
  }
}

function seeFile(): HostView["dns"] {
  if (Deno.uid() !== 0) {
    return { hidden: `only root can tell whether ${RESOLV_CONF} can be written` };
  }
  if (readText(RESOLV_CONF) === null) {
    return { value: { manager: "", isUsable: true, detail: `${RESOLV_CONF} isn't there yet` } };
  }
  const isUsable = isWritable(RESOLV_CONF);
  const detail = `${RESOLV_CONF} ${isUsable ? "can" : "can't"} be written`;
  return { value: { manager: "", isUsable, detail } };
}

function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
