import { parseUapiNumber } from "./values.ts";

/** Where the control sockets of all userspace implementations are (wireguard.com/xplatform). */
export const CONTROL_DIRECTORY = "/var/run/wireguard";

/** The control socket of the interface `name`. */
export function controlSocketPath(name: string): string {
  return `${CONTROL_DIRECTORY}/${name}.sock`;
}

/** The request for an interface's state. */
export const GET_REQUEST = "get=1\n\n";

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

/** Whether `text` ends with the blank line that ends every answer. */
export function isCompleteAnswer(text: string): boolean {
  return text.endsWith("\n\n");
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

/** The keys and values of an answer, in order. Throws {@linkcode UapiError} for a line that has none. */
export function* answerLines(text: string): Generator<[key: string, value: string]> {
  for (let at = 0; at < text.length;) {
    const { key, value, next } = answerLine(text, at);
    if (next === at) return;
    yield [key, value];
    at = next;
  }
}

/** A line of an answer. */
export interface AnswerLine {
  /** What is in front of the first `=`. */
  readonly key: string;
  /** What is behind it. */
  readonly value: string;
  /** Where the next line begins; where this one does when it is blank, and the last. */
  readonly next: number;
}

/** The line of `text` that begins at `at`. Throws {@linkcode UapiError} for one that has no key. */
export function answerLine(text: string, at: number): AnswerLine {
  const newline = text.indexOf("\n", at);
  const end = newline < 0 ? text.length : newline;
  if (end === at) return { key: "", value: "", next: at };
  const equals = text.indexOf("=", at);
  if (equals < 0 || equals > end) throw malformed("a line without =");
  return { key: text.slice(at, equals), value: text.slice(equals + 1, end), next: end + 1 };
}

/** The number that `value` is, at most `limit`; throws {@linkcode UapiError} otherwise. */
export function requiredNumber(key: string, value: string, limit = Number.MAX_VALUE): number {
  return required(key, parseUapiNumber(value, limit));
}

/** What was read of `value`; throws {@linkcode UapiError} when that is null. */
export function required<T>(key: string, value: T | null): T {
  if (value === null) throw malformed(`a bad value of ${key}`);
  return value;
}

function malformed(what: string): UapiError {
  return new UapiError(0, `The control socket's answer is malformed: ${what}`);
}
