/** The names of what `wg show INTERFACE FIELD` prints. */

/** A field that `show` can be asked for, as its usage lists them. */
export type ShowField = typeof SHOW_FIELDS[number];

/** All fields, in the order that `wg`'s usage lists them. */
export const SHOW_FIELDS = [
  "public-key",
  "private-key",
  "listen-port",
  "fwmark",
  "peers",
  "preshared-keys",
  "endpoints",
  "allowed-ips",
  "latest-handshakes",
  "transfer",
  "persistent-keepalive",
  "dump",
] as const;

/** The field that `text` names, or null. */
export function findShowField(text: string): ShowField | null {
  return SHOW_FIELDS.find((field) => field === text) ?? null;
}
