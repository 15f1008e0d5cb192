/**
 * /etc/resolv.conf where nobody but us manages it: shared by tunnels, and restored when the last one
 * leaves, in any order, after a crash and after a reboot. Hold `Session.lockShared` around each change.
 *
 * @module
 */
import {
  type DnsChange,
  type FileState,
  joinResolvConf,
  leaveResolvConf,
} from "../../../core/dns/record.ts";
import { RESOLV_CONF } from "../../../core/dns/resolv_conf.ts";
import { SysError } from "../../../ffi/errno.ts";
import { osErrorNumber } from "../os_error.ts";
import { changeFile, fileLike, isClosed, readFileState, removeTemporary } from "./file_state.ts";
import { isSameNamespace } from "../../journal.ts";
import { type FilePlace, placeOf } from "./place.ts";
import { type DnsOwner, RecordStore, type StoredRecord } from "./record_store.ts";

/** How a {@linkcode ResolvConfFile} is reached, for tests. */
export interface ResolvConfOptions {
  readonly path?: string;
  readonly store?: RecordStore;
  /** The present boot. */
  readonly bootId: string;
}

/** The resolv.conf that this process sees. */
export class ResolvConfFile {
  readonly #path: string;
  readonly #store: RecordStore;
  readonly #bootId: string;

  constructor({ path, store, bootId }: ResolvConfOptions) {
    this.#path = path ?? RESOLV_CONF;
    this.#store = store ?? new RecordStore();
    this.#bootId = bootId;
  }

  /** What was there before any tunnel had a part in it; null when none has. */
  original(): FileState | null {
    return this.#find()?.original ?? null;
  }

  /**
   * Gives `owner` a part in the file. Returns what the user should know.
   *
   * @param isAlive whether another owner's tunnel still exists
   * @throws Error when neither the file nor what it leads to can be written, or no original be kept
   */
  join(owner: DnsOwner, isAlive: (owner: DnsOwner) => boolean): string[] {
    const stays = (other: DnsOwner) => !isSameTunnel(other, owner) && isAlive(other);
    const before = this.#find();
    const place = placeOf(this.#path);
    const path = before?.target ?? this.#path;
    const current = readFileState(path);
    const change = joinResolvConf(before, null, current, owner, stays);
    try {
      this.#carryOut({ place, path, before, change, current });
    } catch (error) {
      // A link that can't be replaced may lead to a file that can.
      const target = current.kind === "link" && isClosed(error) ? targetOf(path) : null;
      if (target === null) throw cannotChange(path, error);
      this.#joinAt(target, place, owner, stays);
    }
    if (before !== null && before.place.device !== place.device) this.#store.remove(before.place);
    return change.foreign
      ? [`somebody else changed ${path} meanwhile: that is what comes back`]
      : [];
  }

  #joinAt(
    path: string,
    place: FilePlace,
    owner: DnsOwner,
    stays: (owner: DnsOwner) => boolean,
  ): void {
    const current = readFileState(path);
    const change = joinResolvConf(null, path, current, owner, stays);
    try {
      this.#carryOut({ place, path, before: null, change, current });
    } catch (error) {
      throw cannotChange(path, error);
    }
  }

  /**
   * Takes the part of all owners from whom it doesn't stay. Returns what the user should know.
   * @throws Error when the file can't be written; then all is as before
   */
  leave(stays: (owner: DnsOwner) => boolean): string[] {
    const before = this.#find();
    if (before === null) {
      this.#store.removeTemporary(placeOf(this.#path));
      return [];
    }
    const { place } = before;
    const path = before.target ?? this.#path;
    const current = readFileState(path);
    const change = leaveResolvConf(before, current, stays);
    if (change.record === before) return [];
    removeTemporary(path);
    try {
      this.#carryOut({ place, path, before, change, current });
    } catch (error) {
      throw cannotChange(path, error);
    }
    return change.foreign ? [`somebody else changed ${path} meanwhile: it stays so`] : [];
  }

  /** The owners that are remembered. */
  owners(): readonly DnsOwner[] {
    return this.#find()?.owners ?? [];
  }

  #find(): StoredRecord | null {
    return this.#store.find(placeOf(this.#path), this.#bootId, (record) => {
      const current = readFileState(record.target ?? this.#path);
      return current.kind === "file" && record.made.includes(current.text);
    });
  }

  #carryOut({ place, path, before, change: { record, content }, current }: Work): void {
    if (record !== null) this.#store.save({ ...record, place });
    try {
      if (content !== null) {
        const like = record?.original.kind === "file" ? record.original : current;
        const wanted = "text" in content ? fileLike(like, content.text) : content.restore;
        changeFile(path, current, wanted, place.isMounted);
      }
    } catch (error) {
      if (before !== null) this.#store.save(before);
      else this.#store.remove(place);
      throw error;
    }
    if (record === null) this.#store.remove(place);
  }
}

/** What is to be done at a place, and how it was there before. */
interface Work {
  readonly place: FilePlace;
  readonly path: string;
  readonly before: StoredRecord | null;
  readonly change: DnsChange<DnsOwner>;
  readonly current: FileState;
}

/** `error` in words, if it is Deno's. */
function cannotChange(path: string, error: unknown): unknown {
  const number = error instanceof SysError ? null : osErrorNumber(error);
  return number === null ? error : new SysError(`change ${path}`, number);
}

/** Whether `a` and `b` are the same interface of the same namespace and boot. */
export function isSameTunnel(
  a: Omit<DnsOwner, "settings">,
  b: Omit<DnsOwner, "settings">,
): boolean {
  return a.interface === b.interface && a.bootId === b.bootId &&
    isSameNamespace(a.namespace, b.namespace);
}

/** Where a symbolic link leads in the end; null when there is nothing. */
function targetOf(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null;
  }
}
