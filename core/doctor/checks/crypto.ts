import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("crypto");

/** Whether a fast implementation of the cryptography can be used. */
export function checkCrypto({ crypto }: Pick<HostView, "crypto">): DoctorFinding[] {
  if ("hidden" in crypto) return [finding("problem", crypto.hidden, NOTHING_WORKS)];
  const { description, isFast } = crypto.value;
  if (isFast) return [finding("ok", description)];
  return [finding("warning", description, {
    meaning: "this processor has no vector instructions that could be used: tunnels will be slow",
    advice: "in a virtual machine, pass the host's processor on (qemu: -cpu host)",
  })];
}

const NOTHING_WORKS = {
  meaning: "no tunnel can be served by wgts",
  advice: "--backend=kernel, where the kernel has WireGuard",
};
