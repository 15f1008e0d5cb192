import type { DnsRecord, FileState } from "../../../core/dns/record.ts";
import type { ResolvConfOwner } from "../../../core/dns/resolv_conf.ts";
import type { JournalScope } from "../../journal.ts";
import { RUNTIME_DIRECTORY } from "../../runtime_paths.ts";
import { Errno } from "../../../ffi/errno.ts";
import { osError } from "../os_error.ts";
import { syncDirectory } from "../replace_file.ts";
import type { FilePlace } from "./place.ts";

/**
 * Where records are kept: a reboot must not lose an original. Where that can't be written to, until
 * then.
 */
export const RECORD_DIRECTORIES: readonly string[] = ["/var/lib/wgts", RUNTIME_DIRECTORY];

const VERSION = 1;
const PREFIX = "resolv.conf@";

/** A tunnel that has a part in a resolv.conf. */
export interface DnsOwner extends ResolvConfOwner, JournalScope {}

/** What is remembered, and of which place. */
export interface StoredRecord extends DnsRecord<DnsOwner> {
  readonly place: FilePlace;
}

/** Keeps what is remembered of resolv.conf files, one small file for each place. */
export class RecordStore {
  constructor(readonly directories: readonly string[] = RECORD_DIRECTORIES) {}

  /**
   * The record of `place`. Devices may be numbered differently after a reboot: then one of an earlier
   * boot with the same inode counts, if `isExpected` finds in the file what it should.
   *
   * @param bootId of the present boot
   * @throws Error when another version of this program wrote it
   */
  find(
    place: FilePlace,
    bootId: string,
    isExpected: (record: StoredRecord) => boolean,
  ): StoredRecord | null {
    const records = this.#readAll().filter((record) =>
      record.place.isMounted === place.isMounted && record.place.inode === place.inode
    );
    return records.find((record) => record.place.device === place.device) ??
      records.find((record) =>
        record.owners.every((owner) => owner.bootId !== bootId) && isExpected(record)
      ) ?? null;
  }

  /** Keeps `record`, durably; throws when that is possible nowhere. */
  save(record: StoredRecord): void {
    const failures: unknown[] = [];
    for (const directory of this.directories) {
      try {
        write(directory, record);
        this.#removeElsewhere(record.place, directory);
        return;
      } catch (error) {
        failures.push(error);
      }
    }
    const operation = `keep the original of resolv.conf in ${this.directories.join(" or ")}`;
    throw osError(operation, failures[0], Errno.EIO);
  }

  /** Forgets the record of `place`. */
  remove(place: FilePlace): void {
    this.#removeElsewhere(place, null);
  }

  /** Removes what a crash may have left of {@linkcode save}. */
  removeTemporary(place: FilePlace): void {
    for (const directory of this.directories) {
      removeIfPresent(temporaryOf(`${directory}/${fileName(place)}`));
      removeIfPresent(directory);
    }
  }

  #removeElsewhere(place: FilePlace, kept: string | null): void {
    for (const directory of this.directories) {
      if (directory === kept) continue;
      const path = `${directory}/${fileName(place)}`;
      removeIfPresent(temporaryOf(path));
      if (removeIfPresent(path)) syncDirectory(directory);
      removeIfPresent(directory); // unless it holds something else
    }
  }

  #readAll(): StoredRecord[] {
    return this.directories.flatMap(recordFiles)
      .flatMap((path) => parseRecord(Deno.readTextFileSync(path), path) ?? []);
  }
}

/** Empty when there is no such directory, or it isn't for us to see. */
function recordFiles(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)]
      .filter(({ name }) => name.startsWith(PREFIX) && name.endsWith(".json"))
      .map(({ name }) => `${directory}/${name}`);
  } catch {
    return [];
  }
}

/** Returns whether it was there, and could be removed. */
function removeIfPresent(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch {
    return false;
  }
}

function temporaryOf(path: string): string {
  return `${path}.tmp`;
}

function fileName({ isMounted, device, inode }: FilePlace): string {
  return `${PREFIX}${isMounted ? "mount" : "directory"}-${device}-${inode}.json`;
}

function write(directory: string, record: StoredRecord): void {
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = `${directory}/${fileName(record.place)}`;
  const temporary = temporaryOf(path);
  try {
    {
      using file = Deno.openSync(temporary, {
        write: true,
        create: true,
        truncate: true,
        mode: 0o600,
      });
      const bytes = new TextEncoder().encode(
        JSON.stringify({ version: VERSION, ...record }) + "\n",
      );
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
      file.syncSync();
    }
    Deno.renameSync(temporary, path);
    syncDirectory(directory);
  } catch (error) {
    removeIfPresent(temporary);
    throw error;
  }
}

/** Null for what is no record: files are replaced whole, so nothing of ours is torn. */
function parseRecord(text: string, path: string): StoredRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("version" in value)) return null;
  const { version, ...record } = value as StoredRecord & { version: unknown };
  if (version !== VERSION) {
    throw new Error(
      `${path} was written by another version of wgts: take the tunnels down with that one`,
    );
  }
  const isWhole = isFileState(record.original) && Array.isArray(record.owners) &&
    Array.isArray(record.made);
  return isWhole ? record : null;
}

function isFileState(value: FileState | undefined): boolean {
  return ["file", "link", "absent"].includes(value?.kind ?? "");
}
