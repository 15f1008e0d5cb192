import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("buffers");
/** What the kernel counts for the 7 MiB that the engine asks for: twice as much. */
const WANTED = 2 * (7 << 20);

/** Whether bursts find room in the sockets. */
export function checkBuffers({ buffers }: Pick<HostView, "buffers">): DoctorFinding[] {
  if ("hidden" in buffers) return [finding("unknown", buffers.hidden)];
  const { receive, send } = buffers.value;
  const seen = `UDP sockets get buffers of ${mib(receive)} to receive and ${mib(send)} to send`;
  if (receive >= WANTED && send >= WANTED) return [finding("ok", seen)];
  return [finding("warning", seen, {
    meaning: `${mib(WANTED)} were asked for: at high rates, datagrams are lost in bursts`,
    advice:
      "sysctl -w net.core.rmem_max=7340032 net.core.wmem_max=7340032 (on the host, where this " +
      "is a container)",
  })];
}

function mib(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
