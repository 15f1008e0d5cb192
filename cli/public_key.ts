/** PKCS #8 of an X25519 private key (RFC 8410 section 7): what stands before its 32 bytes. */
const PKCS8_HEADER = Uint8Array.of(
  ...[
    0x30,
    0x2e,
    0x02,
    0x01,
    0x00,
    0x30,
    0x05,
    0x06,
    0x03,
    0x2b,
    0x65,
    0x6e,
    0x04,
    0x22,
    0x04,
    0x20,
  ],
);

/**
 * The public key of a private key (32 bytes), in base64. By Web Crypto, which is a part of the runtime: for
 * one key, to load {@linkcode loadPublicKeyOf}'s module would take longer than all the rest. It may leave
 * a copy of the private key in memory, so it is only for a process that ends at once.
 */
export async function derivePublicKey(privateKey: Uint8Array): Promise<string> {
  const pkcs8 = new Uint8Array(PKCS8_HEADER.length + privateKey.length);
  pkcs8.set(PKCS8_HEADER);
  pkcs8.set(privateKey, PKCS8_HEADER.length);
  try {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "X25519", true, ["deriveBits"]);
    const { x = "" } = await crypto.subtle.exportKey("jwk", key);
    // From base64url, which has no padding (RFC 7515).
    return `${x.replaceAll("-", "+").replaceAll("_", "/")}=`;
  } finally {
    pkcs8.fill(0);
  }
}
