import { EINVAL, EPROTO } from "../../../core/uapi/command.ts";

export const KEY_HEX = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

/** Wrong lines of a `set`, before any `public_key`, and the errno that answers each. */
export const DEVICE_LINES: [string, number][] = [
  ["no equals sign", EPROTO],
  ["=", EINVAL],
  ["unknown=1", EINVAL],
  ["Listen_Port=1", EINVAL],
  ["listen_port=65536", EINVAL],
  ["listen_port=-1", EINVAL],
  ["listen_port=+1", EINVAL],
  ["listen_port=0x10", EINVAL],
  ["listen_port= 1", EINVAL],
  ["listen_port=", EINVAL],
  ["fwmark=4294967296", EINVAL],
  ["fwmark=0x1", EINVAL],
  ["replace_peers=false", EINVAL],
  ["replace_peers=True", EINVAL],
  [`private_key=${KEY_HEX.slice(1)}`, EINVAL],
  [`private_key=${KEY_HEX}0`, EINVAL],
  [`private_key=${KEY_HEX.replace("f", "g")}`, EINVAL],
  ["private_key=", EINVAL],
  ["endpoint=192.0.2.1:1", EINVAL],
  ["allowed_ip=10.0.0.0/8", EINVAL],
  ["public_key=00", EINVAL],
];

/** The same of the lines behind a `public_key`. */
export const PEER_LINES: [string, number][] = [
  ["listen_port=1", EINVAL],
  ["private_key=" + KEY_HEX, EINVAL],
  ["remove=1", EINVAL],
  ["update_only=", EINVAL],
  ["protocol_version=2", EINVAL],
  ["protocol_version", EPROTO],
  ["endpoint=192.0.2.1", EINVAL],
  ["endpoint=192.0.2.1:65536", EINVAL],
  ["endpoint=:1", EINVAL],
  ["endpoint=::1:51820", EINVAL],
  ["endpoint=[::1]", EINVAL],
  ["endpoint=[::1%]:1", EINVAL],
  ["endpoint=[192.0.2.1]:1", EINVAL],
  ["endpoint=example.com:1", EINVAL],
  ["persistent_keepalive_interval=65536", EINVAL],
  ["persistent_keepalive_interval=off", EINVAL],
  ["allowed_ip=10.0.0.0", EINVAL],
  ["allowed_ip=10.0.0.0/33", EINVAL],
  ["allowed_ip=--10.0.0.0/8", EINVAL],
  ["allowed_ip=010.0.0.0/8", EINVAL],
  ["allowed_ip=::1%lo/128", EINVAL],
  ["allowed_ip=", EINVAL],
  ["replace_allowed_ips=yes", EINVAL],
];
