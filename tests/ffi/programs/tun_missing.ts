/** Prints what creating a TUN says where there is no /dev/net/tun. */
import { check } from "../../../ffi/errno.ts";
import { CLONE_NEWNS, MS_PRIVATE, MS_REC } from "../../../ffi/layout.ts";
import { libc } from "../../../ffi/libc.ts";
import { cString } from "../../../ffi/text.ts";
import { TunDevice } from "../../../ffi/tun.ts";

check("create a mount namespace", libc.unshare(CLONE_NEWNS));
check("keep the mounts private", libc.mount(null, cString("/"), null, MS_REC | MS_PRIVATE, null));
check(
  "mount over /dev/net",
  libc.mount(cString("none"), cString("/dev/net"), cString("tmpfs"), 0, null),
);

try {
  TunDevice.open("wgf0", { vnetHeader: true });
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
