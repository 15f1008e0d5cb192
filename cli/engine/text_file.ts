/** The text of a file of the system, such as /etc/hosts; "" when it can't be read. */
export function readTextFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
