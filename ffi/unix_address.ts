import { Errno, SysError } from "./errno.ts";
import { AF_UNIX, SOCKADDR_UN, UNIX_PATH_MAX } from "./layout.ts";
import { cString } from "./text.ts";

/**
 * The sockaddr_un of the socket at `path`, as long as its path.
 *
 * @throws SysError with ENAMETOOLONG when the path has more than 107 bytes
 */
export function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const name = cString(path);
  if (name.length > UNIX_PATH_MAX + 1) {
    throw new SysError(
      `use the socket ${path}`,
      Errno.ENAMETOOLONG,
      `its path must not exceed ${UNIX_PATH_MAX} bytes`,
    );
  }
  const address = new Uint8Array(SOCKADDR_UN.PATH + name.length);
  new DataView(address.buffer).setUint16(SOCKADDR_UN.FAMILY, AF_UNIX, true);
  address.set(name, SOCKADDR_UN.PATH);
  return address;
}
