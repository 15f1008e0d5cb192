/** Captures the packets of a tunnel's interface, as they are. */
import { ping } from "./traffic.ts";
import type { End, Family } from "./lab.ts";
import { Host, type Process } from "./host.ts";
import { waitFor } from "./wait.ts";

/** Packets passed that tcpdump did not see. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
}

/** Sizes of headers: of a pcap file, and of a packet in it. An interface of layer 3 adds none. */
const PCAP = 24, PACKET = 16;
const DLT_RAW = 101;
/** Longer packets don't count as captured: with larger slots, tcpdump would miss some. */
const SNAPSHOT_SIZE = 2048;

const PROTOCOL_OFFSET = { 4: 9, 6: 6 } as const;
const ICMP = { 4: 1, 6: 58 } as const;

/**
 * Runs `traffic`, and gives what `from` sent to `to` meanwhile besides pings, as it went into or came out
 * of the interfaces of `ends`, for each of them in order.
 * @throws CaptureError when tcpdump itself missed something
 */
export async function capture(
  ends: readonly End[],
  from: End,
  to: End,
  family: Family,
  traffic: () => Promise<void> | void,
): Promise<Uint8Array[][]> {
  const filter = `src host ${from.inner[family]}`;
  const running = await Promise.all(ends.map((end) => InnerCapture.start(end, family, filter)));
  await traffic();
  // What came before the ping is in the file when the ping is.
  await waitFor("an echo reply", async () => {
    await ping(from, to, family, 1);
    return true;
  });
  return await Promise.all(running.map((one) => one.stop()));
}

class InnerCapture {
  private constructor(
    readonly host: Host,
    readonly family: Family,
    readonly file: string,
    readonly tcpdump: Process,
  ) {}

  static async start({ machine, device }: End, family: Family, filter: string) {
    if (!(machine instanceof Host)) throw new Error("no file of it can be read here");
    const file = `/run/${device}.pcap`;
    // One of an earlier capture would look as if tcpdump had begun.
    await machine.sh(`rm -f ${file}`);
    const options = ["-i", device, "-B", "65536", "-U", "--immediate-mode"]
      .concat(["-s", String(SNAPSHOT_SIZE), "-w", file]);
    const tcpdump = await machine.start(["tcpdump", ...options, filter]);
    await waitFor("tcpdump", async () => (await Deno.stat(machine.path(file))).size >= PCAP);
    return new InnerCapture(machine, family, file, tcpdump);
  }

  async stop(): Promise<Uint8Array[]> {
    const isPing = (packet: Uint8Array) =>
      packet[PROTOCOL_OFFSET[this.family]] === ICMP[this.family];
    await waitFor("the last packet", async () => (await this.#read()).some(isPing));
    this.tcpdump.kill("SIGINT");
    const { stderr } = await this.tcpdump.result;
    if (!/^0 packets dropped by kernel$/m.test(stderr)) throw new CaptureError(stderr);
    return (await this.#read()).filter((packet) => !isPing(packet));
  }

  async #read(): Promise<Uint8Array[]> {
    const bytes = await Deno.readFile(this.host.path(this.file));
    const view = new DataView(bytes.buffer);
    if (view.getUint32(20, true) !== DLT_RAW) throw new Error("not an interface of layer 3");
    const packets: Uint8Array[] = [];
    for (let at = PCAP; at + PACKET <= bytes.length;) {
      const length = view.getUint32(at + 8, true);
      if (length !== view.getUint32(at + 12, true)) throw new Error("a packet is too long");
      const packet = bytes.subarray(at + PACKET, at + PACKET + length);
      if (packet.length < length) break; // not written to its end yet
      packets.push(packet);
      at += PACKET + length;
    }
    return packets;
  }
}
