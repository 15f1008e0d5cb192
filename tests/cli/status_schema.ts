/** A validator for what `wgts status --json` prints. */
import { Ajv2020 } from "ajv/dist/2020.js";

const SCHEMA_FILE = new URL("../../cli/share/status.schema.json", import.meta.url);

/** The JSON Schema in the repository. */
export const schema = JSON.parse(Deno.readTextFileSync(SCHEMA_FILE));

export const validator = new Ajv2020({ allErrors: true, strictTypes: false });
const validate = validator.compile(schema);

/** What is wrong with `value` by the schema; "" when nothing is. */
export function problemsOf(value: unknown): string {
  return validate(value) ? "" : validator.errorsText(validate.errors);
}
