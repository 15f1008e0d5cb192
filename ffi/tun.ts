import { check, Errno, errno, SysError } from "./errno.ts";
import { setCloseOnExec, setNonblocking } from "./fd.ts";
import {
  IFF_NO_PI,
  IFF_TUN,
  IFF_VNET_HDR,
  IFNAMSIZ,
  IFREQ,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_TSO_ECN,
  TUN_F_USO4,
  TUN_F_USO6,
  TUNGETIFF,
  TUNSETIFF,
  TUNSETOFFLOAD,
} from "./layout.ts";
import { libc } from "./libc.ts";
import { cString, fromCString } from "./text.ts";

const CLONE_DEVICE = "/dev/net/tun";

const DEVICE_ADVICE: { readonly [number: number]: string } = {
  [Errno.ENOENT]: `load the driver with "modprobe tun"; in a container, start it with ` +
    `"--device ${CLONE_DEVICE}", or create the node with ` +
    `"mkdir -p /dev/net && mknod ${CLONE_DEVICE} c 10 200"`,
  [Errno.ENODEV]: `the kernel has no TUN driver: load it with "modprobe tun"`,
  [Errno.EPERM]:
    `the device cgroup forbids it: start the container with "--device ${CLONE_DEVICE}"`,
};

const INTERFACE_ADVICE: { readonly [number: number]: string } = {
  [Errno.EPERM]: "it needs CAP_NET_ADMIN: run it as root, or start the container with " +
    `"--cap-add NET_ADMIN"`,
  [Errno.EBUSY]: "an interface of this name is in use",
  [Errno.EINVAL]:
    "an interface of this name and of another kind exists, or the name isn't valid: " +
    "1 to 15 characters, without spaces, / and :",
  [Errno.EEXIST]: "an interface of this name exists",
};

/**
 * What the kernel may leave to whoever reads a TUN interface, the most first: not every kernel knows
 * all.
 */
const OFFLOADS: readonly TunOffload[] = [
  { tso: true, ecn: true, uso: true },
  { tso: true, ecn: true, uso: false },
  { tso: true, ecn: false, uso: false },
];

/** Which packets the kernel hands over without segmentation, and with an incomplete checksum. */
export interface TunOffload {
  /** TCP, over IPv4 and IPv6. */
  readonly tso: boolean;
  /** Also TCP segments with CWR. */
  readonly ecn: boolean;
  /** UDP, over IPv4 and IPv6; since Linux 6.2, and the same holds for writing them. */
  readonly uso: boolean;
}

/** A TUN interface of layer 3. It lives as long as its file descriptor is open in some process. */
export class TunDevice {
  private constructor(
    /** Nonblocking, closed on exec. */
    readonly fd: number,
    /** The interface's name at the time of opening. */
    readonly name: string,
    /** Whether a struct virtio_net_hdr (10 bytes) stands before each packet read and written. */
    readonly vnetHeader: boolean,
  ) {}

  /**
   * Creates an interface, or attaches to an existing TUN interface that nobody uses.
   *
   * @param name 1 to 15 bytes; a "%d" in it becomes the first free number
   * @throws SysError with what to do about it
   */
  static open(name: string, options: { vnetHeader: boolean }): TunDevice {
    const operation = `create the interface "${name}"`;
    const nameBytes = cString(name);
    // The kernel would cut a longer name, and make an interface of another name.
    if (
      nameBytes.length > IFNAMSIZ || nameBytes.indexOf(0) !== nameBytes.length - 1 || name === ""
    ) {
      throw new SysError(operation, Errno.EINVAL, INTERFACE_ADVICE[Errno.EINVAL]);
    }
    const fd = libc.open(cString(CLONE_DEVICE), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0) {
      const number = errno();
      throw new SysError(`open ${CLONE_DEVICE}`, number, DEVICE_ADVICE[number]);
    }
    const request = new Uint8Array(IFREQ.SIZE);
    request.set(nameBytes, IFREQ.NAME);
    const flags = IFF_TUN | IFF_NO_PI | (options.vnetHeader ? IFF_VNET_HDR : 0);
    new DataView(request.buffer).setUint16(IFREQ.FLAGS, flags, true);
    if (libc.ioctl(fd, TUNSETIFF, request) < 0) {
      const number = errno();
      libc.close(fd);
      throw new SysError(operation, number, INTERFACE_ADVICE[number]);
    }
    return TunDevice.fromFd(fd);
  }

  /**
   * Takes over the file descriptor of an interface, such as one inherited from the parent process,
   * and makes it nonblocking and closed on exec.
   *
   * @throws SysError with EBADF or ENOTTY when it isn't a TUN's, EBADFD when it has no interface
   */
  static fromFd(fd: number): TunDevice {
    const { name, flags } = readInterface(fd);
    setNonblocking(fd);
    setCloseOnExec(fd);
    return new TunDevice(fd, name, (flags & IFF_VNET_HDR) !== 0);
  }

  /**
   * Lets the kernel hand over packets that still lack a checksum or segmentation.
   *
   * @param features TUN_F_CSUM, TUN_F_TSO4, …; 0 for none
   * @returns false when the kernel doesn't know one of them
   */
  setOffload(features: number): boolean {
    return libc.ioctlInteger(this.fd, TUNSETOFFLOAD, features) === 0;
  }

  /**
   * Lets the kernel hand over as many kinds of unfinished packets as it can.
   *
   * @returns what it can; null when it can't leave even checksums to the reader, and hands over
   * finished packets as before
   */
  enableOffload(): TunOffload | null {
    return OFFLOADS.find((offload) => this.setOffload(featuresOf(offload))) ?? null;
  }

  /**
   * Reads one packet with its virtio_net_hdr, if the device has one.
   *
   * @returns its bytes; or the negative error number, -EAGAIN when there is none. A packet longer than
   * `size` is cut.
   */
  read(buffer: Deno.PointerObject, size: number): number {
    const length = libc.readPointer(this.fd, buffer, size);
    return length < 0 ? -errno() : length;
  }

  /** Writes one packet likewise, and returns its bytes or the negative error number. */
  write(packet: Deno.PointerObject, length: number): number {
    const written = libc.writePointer(this.fd, packet, length);
    return written < 0 ? -errno() : written;
  }

  /** Closes the file descriptor; the interface goes with the last one. */
  close(): void {
    libc.close(this.fd);
  }
}

/**
 * The present name of the interface of a TUN file descriptor.
 * @throws SysError as {@linkcode TunDevice.fromFd} does
 */
export function interfaceOfTun(fd: number): string {
  return readInterface(fd).name;
}

function readInterface(fd: number): { name: string; flags: number } {
  const request = new Uint8Array(IFREQ.SIZE);
  check(`use file descriptor ${fd} as a TUN interface`, libc.ioctl(fd, TUNGETIFF, request));
  return {
    name: fromCString(request.subarray(IFREQ.NAME, IFREQ.NAME + IFNAMSIZ)),
    flags: new DataView(request.buffer).getUint16(IFREQ.FLAGS, true),
  };
}

function featuresOf({ tso, ecn, uso }: TunOffload): number {
  return TUN_F_CSUM | (tso ? TUN_F_TSO4 | TUN_F_TSO6 : 0) | (ecn ? TUN_F_TSO_ECN : 0) |
    (uso ? TUN_F_USO4 | TUN_F_USO6 : 0);
}
