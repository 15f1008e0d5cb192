import { CLI_MUTANTS } from "./cli.ts";
import { CRYPTO_MUTANTS } from "./crypto.ts";
import { DNS_MUTANTS } from "./dns.ts";
import { FFI_MUTANTS } from "./ffi.ts";
import { FORMATS_MUTANTS } from "./formats.ts";
import type { Mutant } from "./mutant.ts";
import { NAMES_MUTANTS } from "./names.ts";
import { PRINTING_MUTANTS } from "./printing.ts";
import { PROTOCOL_MUTANTS } from "./protocol.ts";
import { RELOAD_MUTANTS } from "./reload.ts";
import { WG_MUTANTS } from "./wg.ts";

/** Every property that keeps an attacker out, broken in turn. */
export const MUTANTS: readonly Mutant[] = [
  ...PROTOCOL_MUTANTS,
  ...CRYPTO_MUTANTS,
  ...FORMATS_MUTANTS,
  ...WG_MUTANTS,
  ...PRINTING_MUTANTS,
  ...FFI_MUTANTS,
  ...CLI_MUTANTS,
  ...DNS_MUTANTS,
  ...NAMES_MUTANTS,
  ...RELOAD_MUTANTS,
];
