/**
 * What has to change for a tunnel to come up, as data: a config and the observed state of the system
 * give an ordered list of steps, each with its undo.
 *
 * @module
 */
export type { ActiveDnsManager, DnsManager } from "./dns/manager.ts";
export type { DnsSettings } from "./dns/settings.ts";
export * from "./plan/action.ts";
export * from "./plan/describe_change.ts";
export * from "./plan/made.ts";
export * from "./plan/stand_in.ts";
export * from "./plan/trace.ts";
export * from "./plan/up.ts";
export { parseTableNames } from "./plan/routes.ts";
