/** When and how often a lookup that failed is tried again: as wg(8) does. */

import { EAI_FAIL, EAI_NODATA, EAI_NONAME } from "../../ffi/layout.ts";
import type { LookupFailure } from "./address_info.ts";

/** How often, when WG_ENDPOINT_RESOLUTION_RETRIES isn't set. */
export const DEFAULT_RETRIES = 15;
/** Milliseconds between the first two attempts. */
export const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 20_000;
/** Failures of getaddrinfo(3) that waiting doesn't mend. */
const PERMANENT: readonly number[] = [EAI_NONAME, EAI_FAIL, EAI_NODATA];

/** Whether it may be different the next time. */
export function mayPass({ error }: LookupFailure): boolean {
  return !PERMANENT.includes(error);
}

/** The pause after the next attempt, in milliseconds. */
export function nextPause(pause: number): number {
  return Math.min(LAST_PAUSE_MS, pause * 6 / 5);
}

/** What is printed before a pause; `endpoint` is what was looked up. */
export function tryingAgain({ text }: LookupFailure, endpoint: string, pause: number): string {
  return `${text}: \`${endpoint}'. Trying again in ${(pause / 1000).toFixed(2)} seconds...`;
}
