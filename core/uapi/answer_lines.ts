/** The lines of an answer of a control socket. */

import { parseUapiNumber, UapiError } from "./client.ts";

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
