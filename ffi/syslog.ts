import { check } from "./errno.ts";
import { AF_UNIX, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "./layout.ts";
import { libc } from "./libc.ts";
import { unixAddress } from "./unix_address.ts";

/** journald's native protocol (systemd.journal-fields(7)). */
const JOURNAL_SOCKET = "/run/systemd/journal/socket";
/** The syslog daemon's (syslog(3)). */
const SYSLOG_SOCKET = "/dev/log";

/** The facility "daemon" (RFC 5424 section 6.2.1). */
const FACILITY = 3;

/** Longest message, in characters: well below what either daemon takes in one datagram. */
const MAX_MESSAGE_LENGTH = 4096;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * The system's log: journald where it runs, else a syslog daemon, else nobody. Never waits for either,
 * and finds them again after a restart.
 */
export class SystemLog {
  readonly #fd: number;
  readonly #journal: Uint8Array<ArrayBuffer>;
  readonly #syslog: Uint8Array<ArrayBuffer>;

  /**
   * @param identifier what the lines are filed under
   * @param paths of the daemons' sockets, where they are elsewhere
   */
  constructor(
    readonly identifier: string,
    paths: { journal?: string; syslog?: string } = {},
  ) {
    this.#journal = unixAddress(paths.journal ?? JOURNAL_SOCKET);
    this.#syslog = unixAddress(paths.syslog ?? SYSLOG_SOCKET);
    this.#fd = check(
      "open a socket for the system's log",
      libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    );
  }

  /**
   * Logs one line.
   *
   * @param severity 0 (emergency) to 7 (debug), RFC 5424 section 6.2.1
   * @returns false when nobody took it
   */
  write(severity: number, line: string): boolean {
    // In journald's format a line break would begin another field.
    const message = line.replaceAll(/[\0\r\n]+/g, " ").slice(0, MAX_MESSAGE_LENGTH);
    return this.#send(
      this.#journal,
      `PRIORITY=${severity}\nSYSLOG_FACILITY=${FACILITY}\n` +
        `SYSLOG_IDENTIFIER=${this.identifier}\nMESSAGE=${message}\n`,
    ) || this.#send(
      this.#syslog,
      `<${FACILITY * 8 + severity}>${
        timestamp(new Date())
      } ${this.identifier}[${Deno.pid}]: ${message}`,
    );
  }

  close(): void {
    libc.close(this.#fd);
  }

  #send(address: Uint8Array<ArrayBuffer>, text: string): boolean {
    const bytes = new TextEncoder().encode(text);
    const { length } = bytes;
    return libc.sendto(this.#fd, bytes, length, MSG_NOSIGNAL, address, address.length) === length;
  }
}

/** Local time as in RFC 3164 section 4.1.2: "Nov  2 09:05:00". */
function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getDate()).padStart(2, " ");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${MONTHS[date.getMonth()]} ${day} ${time}`;
}
