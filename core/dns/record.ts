/**
 * What is remembered of a resolv.conf that we manage: the original, who has a part in it, and what we
 * may have made of it, so that nothing of anybody else's is ever touched.
 *
 * @module
 */
import { composeResolvConf, type ResolvConfOwner } from "./resolv_conf.ts";

/** What is at a path. Text is Latin-1, so that each byte survives. */
export type FileState =
  | {
    readonly kind: "file";
    readonly text: string;
    /** Permission bits. */
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
  }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "absent" };

/** What is remembered of one resolv.conf. */
export interface DnsRecord<Owner extends ResolvConfOwner> {
  /** What is written in place of a link that can't be replaced, where it leads; else null. */
  readonly target: string | null;
  readonly original: FileState;
  /** The texts that we may have written last: a crash may have come before or behind the writing. */
  readonly made: readonly string[];
  /** The latest comes last. */
  readonly owners: readonly Owner[];
}

/** What has to be done to a resolv.conf. The record is durable before the file is touched. */
export interface DnsChange<Owner extends ResolvConfOwner> {
  /** To be remembered from now on; null: to be forgotten once the file is as it should be. */
  readonly record: DnsRecord<Owner> | null;
  /** What the file is to become; null: it stays as it is. */
  readonly content: { readonly text: string } | { readonly restore: FileState } | null;
  /** Whether somebody else changed the file since we wrote it. */
  readonly foreign: boolean;
}

/**
 * Gives `owner` a part in the file, in place of any that it has.
 *
 * @param record what is remembered; null for a file that isn't ours yet
 * @param target that of the record then
 * @param current what is at the record's target, or at `target`, or else at the place itself
 * @param stays who of the others keeps a part
 */
export function joinResolvConf<Owner extends ResolvConfOwner>(
  record: DnsRecord<Owner> | null,
  target: string | null,
  current: FileState,
  owner: Owner,
  stays: (owner: Owner) => boolean,
): DnsChange<Owner> {
  const foreign = record !== null && !isExpected(record, current);
  // What somebody else has put there is what is to come back.
  const original = record === null || foreign ? current : record.original;
  const owners = [...record?.owners.filter(stays) ?? [], owner];
  return write(
    { target: record === null ? target : record.target, original, made: [], owners },
    current,
    foreign,
  );
}

/** Takes the part of all from whom it doesn't stay. What somebody else has changed stays as it is. */
export function leaveResolvConf<Owner extends ResolvConfOwner>(
  record: DnsRecord<Owner>,
  current: FileState,
  stays: (owner: Owner) => boolean,
): DnsChange<Owner> {
  const owners = record.owners.filter(stays);
  if (owners.length === record.owners.length) return { record, content: null, foreign: false };
  const left = owners.length === 0 ? null : { ...record, owners };
  if (!isExpected(record, current)) return { record: left, content: null, foreign: true };
  if (left !== null) return write(left, current, false);
  const isRestored = JSON.stringify(current) === JSON.stringify(record.original);
  const content = isRestored ? null : { restore: record.original };
  return { record: null, content, foreign: false };
}

function write<Owner extends ResolvConfOwner>(
  record: DnsRecord<Owner>,
  current: FileState,
  foreign: boolean,
): DnsChange<Owner> {
  const { original, owners } = record;
  const text = composeResolvConf(owners, original.kind === "file" ? original.text : "");
  const before = current.kind === "file" && current !== original ? [current.text] : [];
  return { record: { ...record, made: [...before, text] }, content: { text }, foreign };
}

/** Whether the file is what we made, or still, or again, the original. */
function isExpected<Owner extends ResolvConfOwner>(
  { original, made }: DnsRecord<Owner>,
  current: FileState,
): boolean {
  if (current.kind === "link") {
    return original.kind === "link" && original.target === current.target;
  }
  if (current.kind === "absent") return original.kind === "absent";
  const texts = original.kind === "file" ? [original.text, ...made] : made;
  return texts.some((text) => trimmed(text) === trimmed(current.text));
}

/** Writing in place pads the text for a moment, in which a crash may come. */
function trimmed(text: string): string {
  return text.replace(/\n+$/, "");
}
