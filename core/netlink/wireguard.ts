/**
 * The numbers of the kernel's WireGuard on generic netlink.
 *
 * Source: linux/wireguard.h, Documentation/netlink/specs/wireguard.yaml.
 *
 * @module
 */

/** Name of the generic netlink family, and kind of the links. */
export const WG_GENL_NAME = "wireguard";
export const WG_GENL_VERSION = 1;

export const WG_CMD_GET_DEVICE = 0;
export const WG_CMD_SET_DEVICE = 1;

export const WGDEVICE_A_IFNAME = 2;
export const WGDEVICE_A_PRIVATE_KEY = 3;
export const WGDEVICE_A_PUBLIC_KEY = 4;
export const WGDEVICE_A_FLAGS = 5;
export const WGDEVICE_A_LISTEN_PORT = 6;
export const WGDEVICE_A_FWMARK = 7;
export const WGDEVICE_A_PEERS = 8;

export const WGDEVICE_F_REPLACE_PEERS = 1 << 0;

export const WGPEER_A_PUBLIC_KEY = 1;
export const WGPEER_A_PRESHARED_KEY = 2;
export const WGPEER_A_FLAGS = 3;
export const WGPEER_A_ENDPOINT = 4;
export const WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL = 5;
export const WGPEER_A_LAST_HANDSHAKE_TIME = 6;
export const WGPEER_A_RX_BYTES = 7;
export const WGPEER_A_TX_BYTES = 8;
export const WGPEER_A_ALLOWEDIPS = 9;

export const WGPEER_F_REMOVE_ME = 1 << 0;
export const WGPEER_F_REPLACE_ALLOWEDIPS = 1 << 1;
export const WGPEER_F_UPDATE_ONLY = 1 << 2;

export const WGALLOWEDIP_A_FAMILY = 1;
export const WGALLOWEDIP_A_IPADDR = 2;
export const WGALLOWEDIP_A_CIDR_MASK = 3;
/** Linux 6.16; older ones refuse it with EINVAL. */
export const WGALLOWEDIP_A_FLAGS = 4;

export const WGALLOWEDIP_F_REMOVE_ME = 1 << 0;

/** IFNAMSIZ: the longest interface name with its NUL. */
export const IFNAMSIZ = 16;
/** Size of a key in bytes. */
export const WG_KEY_LEN = 32;
