/**
 * Sends a flood of bad datagrams, as fast as the receiver takes them. A program of its own, which
 * runs in the attacker's network namespace; its task comes as JSON by stdin. It prints a line of
 * JSON for each hundredth of the flood.
 */
import { blake2s } from "@noble/hashes/blake2.js";
import { type Random, seededRandom } from "./broken.ts";

/** What is sent, and to whom. */
export interface FloodTask {
  /** IPv4 address and port of the receiver. */
  address: string;
  port: number;
  /** Any process in the receiver's network namespace. */
  receiverPid: number;
  /** The number of datagrams, which are made of the samples in turn. */
  count: number;
  seed: number;
  samples: Sample[];
}

/** A genuine message, from which bad ones are made. */
export interface Sample {
  message: number[];
  /** The receiver's public key if the message has MACs: with it, anyone can give it a right MAC1. */
  macKey: number[] | null;
}

export interface FloodReport {
  sent: number;
  /** Datagrams that the receiver's socket had no room for. */
  dropped: number;
}

const AF_INET = 2;
const SOCK_DGRAM = 2;
const MAC_SIZE = 16;
const MAX_DATAGRAM = 1500;
/** The sender waits while the receiver's socket holds more bytes than that. */
const HIGH_WATER = 64 * 1024;
/** Datagrams between two looks at the receiver's socket. */
const BURST = 32;

const LIBC = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Makes a bad datagram of a genuine message. */
class Spoiler {
  #out = new Uint8Array(MAX_DATAGRAM);
  #message: Uint8Array;
  #mac1Key: Uint8Array | null;

  constructor(sample: Sample, readonly random: Random) {
    this.#message = Uint8Array.from(sample.message);
    this.#mac1Key = sample.macKey &&
      blake2s(Uint8Array.from([...new TextEncoder().encode("mac1----"), ...sample.macKey]));
  }

  next(): Uint8Array<ArrayBuffer> {
    const out = this.#out;
    const length = this.#message.length;
    out.set(this.#message);
    switch (this.random(6)) {
      case 0: // replayed
        return out.subarray(0, length);
      case 1: // truncated
        return out.subarray(0, this.random(length));
      case 2: { // extended
        const extended = out.subarray(0, length + 1 + this.random(out.length - length - 1));
        this.#randomize(extended.subarray(length));
        return extended;
      }
      case 3: { // one bit changed, but not in the type
        const at = 1 + this.random(length - 1);
        out[at] = (out[at] ?? 0) ^ (1 << this.random(8));
        return out.subarray(0, length);
      }
      case 4: // right type and index, the rest is random
        this.#randomize(out.subarray(8, length));
        return out.subarray(0, length);
      default: { // the same with a right MAC1: the receiver has to look inside
        this.#randomize(out.subarray(8, length));
        const key = this.#mac1Key;
        if (key) {
          const end = length - 2 * MAC_SIZE;
          out.set(blake2s(out.subarray(0, end), { key, dkLen: MAC_SIZE }), end);
        }
        return out.subarray(0, length);
      }
    }
  }

  #randomize(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.random(256);
  }
}

async function main(): Promise<void> {
  const task: FloodTask = JSON.parse(await new Response(Deno.stdin.readable).text());
  const random = seededRandom(task.seed);
  const spoilers = task.samples.map((sample) => new Spoiler(sample, random));
  const libc = Deno.dlopen("libc.so.6", LIBC);
  const socket = libc.symbols.socket(AF_INET, SOCK_DGRAM, 0);
  const address = socketAddress(task.address, task.port);
  if (libc.symbols.connect(socket, address, address.length) !== 0) throw new Error("connect");

  const report = Math.ceil(task.count / 100);
  for (let sent = 0; sent < task.count;) {
    for (const spoiler of spoilers) {
      const datagram = spoiler.next();
      libc.symbols.send(socket, datagram, BigInt(datagram.length), 0);
      sent++;
      if (sent % BURST === 0) { while (queueOf(task).waiting > HIGH_WATER); }
      if (sent % report === 0) {
        console.log(JSON.stringify({ sent, dropped: queueOf(task).dropped } satisfies FloodReport));
      }
    }
  }
  while (queueOf(task).waiting > 0);
}

/** A `struct sockaddr_in`. */
function socketAddress(address: string, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(address.split(".").map(Number), 4);
  return bytes;
}

/** The bytes that wait in the receiver's socket, and the datagrams it has dropped so far. */
function queueOf({ receiverPid, port }: FloodTask): { waiting: number; dropped: number } {
  const suffix = ":" + port.toString(16).toUpperCase().padStart(4, "0");
  const table = Deno.readTextFileSync(`/proc/${receiverPid}/net/udp`);
  for (const line of table.split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (!fields[1]?.endsWith(suffix)) continue;
    const waiting = parseInt(fields[4]?.split(":")[1] ?? "0", 16);
    return { waiting, dropped: Number(fields[12]) };
  }
  throw new Error(`No socket has port ${port}`);
}

if (import.meta.main) await main();
