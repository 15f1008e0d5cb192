/** Something that `wg` refuses; the message is what it prints. */
export class WgError extends Error {
  /** Tells it from other errors. */
  override readonly name = "WgError";
}

/** What `wg` refuses whatever the configuration is: it stops at once. */
export class WgEnvironmentError extends WgError {}
