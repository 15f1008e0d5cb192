/** A connected UDP socket, for programs of the tests that run in a namespace of their own. */

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;

const LIBC = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Sends to and receives from one IPv4 address and port; both block. */
export class ConnectedSocket {
  readonly #libc = Deno.dlopen("libc.so.6", LIBC).symbols;
  readonly #fd: number;

  constructor(address: string, port: number, receiveTimeoutSeconds: number) {
    this.#fd = this.#libc.socket(AF_INET, SOCK_DGRAM, 0);
    const name = new Uint8Array(16);
    const view = new DataView(name.buffer);
    view.setUint16(0, AF_INET, true);
    view.setUint16(2, port);
    name.set(address.split(".").map(Number), 4);
    const timeout = BigInt64Array.of(BigInt(receiveTimeoutSeconds), 0n);
    if (
      this.#libc.connect(this.#fd, name, name.length) !== 0 ||
      this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.byteLength) !== 0
    ) throw new Error(`No socket for ${address}`);
  }

  /** Whether the system took the datagram. */
  send(datagram: Uint8Array<ArrayBuffer>): boolean {
    return Number(this.#libc.send(this.#fd, datagram, BigInt(datagram.length), 0)) >= 0;
  }

  /** The bytes of the next datagram, which is written to `target`; negative when none came in time. */
  receive(target: Uint8Array<ArrayBuffer>): number {
    return Number(this.#libc.recv(this.#fd, target, BigInt(target.length), 0));
  }
}
