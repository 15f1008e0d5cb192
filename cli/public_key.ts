/** PKCS #8 of an X25519 private key (RFC 8410 section 7): what stands before its 32 bytes, in hex. */
const PKCS8_HEADER = "302e020100300506032b656e04220420";

/**
 * The public key of a private key (32 bytes). By Web Crypto, which is a part of the runtime: for one key,
 * to load {@linkcode loadPublicKeyOf}'s module would take longer than all the rest. It may leave a copy of
 * the private key in memory, so it is only for keys that were text in memory anyway.
 */
export async function derivePublicKey(privateKey: Uint8Array): Promise<Uint8Array> {
  const pkcs8 = new Uint8Array(PKCS8_HEADER.length / 2 + privateKey.length);
  pkcs8.setFromHex(PKCS8_HEADER);
  pkcs8.set(privateKey, PKCS8_HEADER.length / 2);
  try {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "X25519", true, ["deriveBits"]);
    const { x = "" } = await crypto.subtle.exportKey("jwk", key);
    return Uint8Array.fromBase64(x, { alphabet: "base64url" });
  } finally {
    pkcs8.fill(0);
  }
}
