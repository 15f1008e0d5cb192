import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("tun");

/** Whether interfaces can be made. */
export function checkTun({ tun, isRoot }: Pick<HostView, "tun" | "isRoot">): DoctorFinding[] {
  const { isLoaded, error } = tun;
  // Some containers keep it for root; who may open it can make no interface with that alone.
  if (error?.code === "EACCES" && !isRoot) {
    return [finding("unknown", "only root may open /dev/net/tun")];
  }
  if (error !== null) {
    return [finding("problem", error.message, {
      meaning: "no interface can be made, but those of the kernel's WireGuard (--backend=kernel)",
      advice: ADVICE[error.code] ?? "modprobe tun",
    })];
  }
  if (isLoaded !== false) return [finding("ok", "/dev/net/tun can be opened")];
  return [finding("warning", "/dev/net/tun is there, but the driver isn't loaded", {
    meaning: "the first `up' loads it, unless the kernel has none",
    advice: "modprobe tun; and to have it at boot: echo tun >/etc/modules-load.d/tun.conf",
  })];
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: "modprobe tun; in a container: docker run --device /dev/net/tun, or " +
    "mkdir -p /dev/net && mknod /dev/net/tun c 10 200",
  EPERM: "docker run --device /dev/net/tun (the device cgroup forbids it)",
  EACCES: "chmod 0666 /dev/net/tun, as udev has it",
};
