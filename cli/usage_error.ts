/** A command was called wrongly: how it is called is printed. The message may be empty. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
