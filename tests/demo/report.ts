/** What the demo prints: a line for each step. Colors only where a person looks. */
const colored = Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");

const style = (code: number) => (text: string) => colored ? `\x1b[${code}m${text}\x1b[0m` : text;
export const bold = style(1);
export const dim = style(2);
const red = style(31);
const green = style(32);

/** Long enough for the longest name of a step. */
const NAME_WIDTH = 10;

/** A step is done. */
export function reportDone(step: string, text: string): void {
  console.log(`${green("✓")} ${bold(step.padEnd(NAME_WIDTH))}${text}`);
}

/** A step failed, and with it the demo. */
export function reportFailure(step: string, text: string): void {
  console.error(`${red("✗")} ${bold(step.padEnd(NAME_WIDTH))}${text}`);
}

/** A command and its output, as on a host's terminal. */
export function reportCommand(host: string, command: string, output: string): void {
  console.log(`\n${dim(`${host}#`)} ${bold(command)}\n${output}`);
}
