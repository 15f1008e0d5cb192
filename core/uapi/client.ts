/** How the control sockets of interfaces are found and asked; imports nothing, since all commands need it. */

/** Where the control sockets of all userspace implementations are (wireguard.com/xplatform). */
export const CONTROL_DIRECTORY = "/var/run/wireguard";

/** The control socket of the interface `name`. */
export function controlSocketPath(name: string): string {
  return `${CONTROL_DIRECTORY}/${name}.sock`;
}

/** The other side refused a request, or answered something else than this protocol. */
export class UapiError extends Error {
  /** Tells it from other errors. */
  override readonly name = "UapiError";
  /** The answer's errno, positive; 0 when the answer itself is malformed. */
  readonly errno: number;

  /** An error with the answer's errno, or 0. */
  constructor(errno: number, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** The request for an interface's state. */
export const GET_REQUEST = "get=1\n\n";

/** Whether `text` ends with the blank line that ends every answer. */
export function isCompleteAnswer(text: string): boolean {
  return text.endsWith("\n\n");
}

const DIGIT_0 = 0x30;

/** A decimal number without sign, at most `limit`; null otherwise. */
export function parseUapiNumber(text: string, limit: number): number | null {
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    if (digit < 0 || digit > 9) return null;
  }
  const value = text === "" ? NaN : Number(text);
  return value <= limit ? value : null;
}

/** An `int` holds no more. */
const MAX_ERRNO = 0x7fff_ffff;

/** Reads the answer to a `set`. Throws {@linkcode UapiError} unless it is `errno=0`. */
export function checkUapiResult(text: string): void {
  // The last one counts for `wg`.
  const [line = ""] = text.slice(text.lastIndexOf("\nerrno=") + 1).split("\n", 1);
  const value = line.startsWith("errno=") ? line.slice("errno=".length) : "";
  const errno = parseUapiNumber(value.startsWith("-") ? value.slice(1) : value, MAX_ERRNO);
  if (errno === null) throw new UapiError(0, "The control socket's answer has no errno");
  if (errno !== 0) throw new UapiError(errno, `The control socket answered errno ${errno}`);
}
