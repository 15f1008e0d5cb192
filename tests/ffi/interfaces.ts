import { check } from "../../ffi/errno.ts";
import { AF_INET, IFREQ, SOCK_DGRAM } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";

// ioctls of netdevice(7): enough to set up an interface without netlink
const SIOCSIFFLAGS = 0x8914;
const SIOCSIFADDR = 0x8916;
const SIOCSIFNETMASK = 0x891c;
const IFF_UP = 1;
const REQUEST_DATA = 16;

type Ipv4 = readonly [number, number, number, number];

/** Sets the interface `name` up, with an IPv4 address and a prefix length of 24 if there is one. */
export function setUp(name: string, address?: Ipv4): void {
  const socket = check("open a socket", libc.socket(AF_INET, SOCK_DGRAM, 0));
  try {
    if (address !== undefined) {
      const set = (operation: number, value: Ipv4) => {
        const request = requestFor(name);
        new DataView(request.buffer).setUint16(REQUEST_DATA, AF_INET, true);
        request.set(value, REQUEST_DATA + 4);
        check(`set the address of ${name}`, libc.ioctl(socket, operation, request));
      };
      set(SIOCSIFADDR, address);
      set(SIOCSIFNETMASK, [255, 255, 255, 0]);
    }
    const request = requestFor(name);
    new DataView(request.buffer).setUint16(REQUEST_DATA, IFF_UP, true);
    check(`set ${name} up`, libc.ioctl(socket, SIOCSIFFLAGS, request));
  } finally {
    libc.close(socket);
  }
}

function requestFor(name: string): Uint8Array<ArrayBuffer> {
  const request = new Uint8Array(IFREQ.SIZE);
  request.set(cString(name));
  return request;
}
