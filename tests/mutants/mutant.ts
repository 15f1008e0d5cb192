/** One way to break a safety property, and the test that must notice. */
export interface Mutant {
  /** What no longer holds. */
  property: string;
  /** The file to change, from the root of the repository. */
  file: string;
  /** What to replace: it must occur exactly once. */
  snippet: string;
  replacement: string;
  /** The file of the test that must fail, and its name. */
  testFile: string;
  test: string;
}
