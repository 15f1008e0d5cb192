/** Captures the datagrams of WireGuard on a wire. */
import type { Host, Process } from "./host.ts";
import { waitFor } from "./wait.ts";

const FILE = "/run/capture.pcap";
/** Sizes of headers: of a pcap file, of a packet in it, of Ethernet, of IPv4 without options, of UDP. */
const PCAP = 24, PACKET = 16, ETHERNET = 14, IPV4 = 20, UDP = 8;

/** A captured datagram. */
export interface Captured {
  /** The message type: 1 initiation, 2 response, 3 cookie reply, 4 transport data. */
  type: number;
  /** Where it came from: an IPv4 address. */
  source: string;
  message: Uint8Array<ArrayBuffer>;
}

/** Captures what IPv4 and UDP carry on eth0 of a host. */
export class Capture {
  private constructor(readonly host: Host, readonly tcpdump: Process) {}

  static async start(host: Host): Promise<Capture> {
    // One of an earlier capture would look as if tcpdump had begun.
    await host.sh(`rm -f ${FILE}`);
    const options = ["-i", "eth0", "-U", "--immediate-mode", "-s", "0", "-w", FILE, "ip and udp"];
    const capture = new Capture(host, await host.start(["tcpdump", ...options]));
    // tcpdump writes the file's header when it has opened the interface.
    await waitFor("tcpdump", async () => (await Deno.stat(host.path(FILE))).size >= PCAP);
    return capture;
  }

  /** What was captured so far. */
  async read(): Promise<Captured[]> {
    const bytes = await Deno.readFile(this.host.path(FILE));
    const view = new DataView(bytes.buffer);
    const found: Captured[] = [];
    for (let at = PCAP; at + PACKET <= bytes.length;) {
      const length = view.getUint32(at + 8, true);
      const packet = bytes.subarray(at + PACKET, at + PACKET + length);
      if (packet.length < length) break; // not written to its end yet
      const message = packet.slice(ETHERNET + IPV4 + UDP);
      const source = packet.subarray(ETHERNET + 12, ETHERNET + 16).join(".");
      found.push({ type: message[0] ?? 0, source, message });
      at += PACKET + length;
    }
    return found;
  }

  async stop(): Promise<void> {
    this.tcpdump.kill("SIGINT");
    await this.tcpdump.result;
  }
}
