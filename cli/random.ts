/** Fills `target` with randomness of the operating system. A {@linkcode Random} for the core. */
export function systemRandom(target: Uint8Array): void {
  // Web Crypto gives at most 65,536 bytes a call and refuses shared memory; the core asks for less
  // and never for a shared buffer, which the type of its argument doesn't say.
  crypto.getRandomValues(target as Uint8Array<ArrayBuffer>);
}
