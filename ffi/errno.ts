import { errno } from "./libc.ts";

export { errno };

// Numbers of asm-generic/errno.h, which x86-64 and arm64 share, and glibc's texts for them.
const ERRORS = {
  EPERM: [1, "Operation not permitted"],
  ENOENT: [2, "No such file or directory"],
  ESRCH: [3, "No such process"],
  EINTR: [4, "Interrupted system call"],
  EIO: [5, "Input/output error"],
  ENXIO: [6, "No such device or address"],
  E2BIG: [7, "Argument list too long"],
  ENOEXEC: [8, "Exec format error"],
  EBADF: [9, "Bad file descriptor"],
  ECHILD: [10, "No child processes"],
  EAGAIN: [11, "Resource temporarily unavailable"],
  ENOMEM: [12, "Cannot allocate memory"],
  EACCES: [13, "Permission denied"],
  EFAULT: [14, "Bad address"],
  EBUSY: [16, "Device or resource busy"],
  EEXIST: [17, "File exists"],
  EXDEV: [18, "Invalid cross-device link"],
  ENODEV: [19, "No such device"],
  ENOTDIR: [20, "Not a directory"],
  EISDIR: [21, "Is a directory"],
  EINVAL: [22, "Invalid argument"],
  ENFILE: [23, "Too many open files in system"],
  EMFILE: [24, "Too many open files"],
  ENOTTY: [25, "Inappropriate ioctl for device"],
  ETXTBSY: [26, "Text file busy"],
  EFBIG: [27, "File too large"],
  ENOSPC: [28, "No space left on device"],
  ESPIPE: [29, "Illegal seek"],
  EROFS: [30, "Read-only file system"],
  EMLINK: [31, "Too many links"],
  EPIPE: [32, "Broken pipe"],
  EDOM: [33, "Numerical argument out of domain"],
  ERANGE: [34, "Numerical result out of range"],
  EDEADLK: [35, "Resource deadlock avoided"],
  ENAMETOOLONG: [36, "File name too long"],
  ENOLCK: [37, "No locks available"],
  ENOSYS: [38, "Function not implemented"],
  ENOTEMPTY: [39, "Directory not empty"],
  ELOOP: [40, "Too many levels of symbolic links"],
  ENODATA: [61, "No data available"],
  ETIME: [62, "Timer expired"],
  EPROTO: [71, "Protocol error"],
  EBADMSG: [74, "Bad message"],
  EOVERFLOW: [75, "Value too large for defined data type"],
  EBADFD: [77, "File descriptor in bad state"],
  EUSERS: [87, "Too many users"],
  ENOTSOCK: [88, "Socket operation on non-socket"],
  EDESTADDRREQ: [89, "Destination address required"],
  EMSGSIZE: [90, "Message too long"],
  EPROTOTYPE: [91, "Protocol wrong type for socket"],
  ENOPROTOOPT: [92, "Protocol not available"],
  EPROTONOSUPPORT: [93, "Protocol not supported"],
  ESOCKTNOSUPPORT: [94, "Socket type not supported"],
  EOPNOTSUPP: [95, "Operation not supported"],
  EPFNOSUPPORT: [96, "Protocol family not supported"],
  EAFNOSUPPORT: [97, "Address family not supported by protocol"],
  EADDRINUSE: [98, "Address already in use"],
  EADDRNOTAVAIL: [99, "Cannot assign requested address"],
  ENETDOWN: [100, "Network is down"],
  ENETUNREACH: [101, "Network is unreachable"],
  ENETRESET: [102, "Network dropped connection on reset"],
  ECONNABORTED: [103, "Software caused connection abort"],
  ECONNRESET: [104, "Connection reset by peer"],
  ENOBUFS: [105, "No buffer space available"],
  EISCONN: [106, "Transport endpoint is already connected"],
  ENOTCONN: [107, "Transport endpoint is not connected"],
  ESHUTDOWN: [108, "Cannot send after transport endpoint shutdown"],
  ETIMEDOUT: [110, "Connection timed out"],
  ECONNREFUSED: [111, "Connection refused"],
  EHOSTDOWN: [112, "Host is down"],
  EHOSTUNREACH: [113, "No route to host"],
  EALREADY: [114, "Operation already in progress"],
  EINPROGRESS: [115, "Operation now in progress"],
  ESTALE: [116, "Stale file handle"],
  EDQUOT: [122, "Disk quota exceeded"],
  ECANCELED: [125, "Operation canceled"],
  ENOKEY: [126, "Required key not available"],
  EKEYREJECTED: [129, "Key was rejected by service"],
  ERFKILL: [132, "Operation not possible due to RF-kill"],
} as const;

/** An error's symbolic name, such as "EPERM". */
export type ErrnoName = keyof typeof ERRORS;

/** The error numbers by name: `Errno.EAGAIN` is 11. */
export const Errno = Object.fromEntries(
  Object.entries(ERRORS).map(([name, [number]]) => [name, number]),
) as { readonly [Name in ErrnoName]: (typeof ERRORS)[Name][0] };

/** What to do about an error, where that doesn't depend on what was tried. */
const GENERAL_ADVICE: { readonly [Name in ErrnoName]?: string } = {
  EPERM: "run it as root, or give it CAP_NET_ADMIN",
  EACCES: "run it as root",
  EMFILE: "raise the limit on open files (ulimit -n)",
  ENFILE: "raise the system's limit on open files (sysctl fs.file-max)",
  ENOSYS: "this kernel, or the sandbox this runs in, lacks the system call",
};

/** A system call or C library function failed. */
export class SysError extends Error {
  override readonly name = "SysError";
  /** What was tried, in words: "open /dev/net/tun". */
  readonly operation: string;
  /** The positive error number. */
  readonly errno: number;
  /** The error's name, such as "EPERM"; "E" and the number where this program knows no name. */
  readonly code: string;
  /** The error in the C library's words: "Operation not permitted". */
  readonly description: string;
  /** What can be done about it, or "". */
  readonly advice: string;

  /**
   * @param operation what was tried, in words that need no knowledge of this program's source
   * @param number the positive error number
   * @param advice what to do about it; by default, what holds for the error in general
   */
  constructor(operation: string, number: number, advice?: string) {
    const [code, description] = describe(number);
    const help = advice ?? GENERAL_ADVICE[code as ErrnoName] ?? "";
    super(`Cannot ${operation}: ${description} (${code})${help === "" ? "" : `: ${help}`}`);
    this.operation = operation;
    this.errno = number;
    this.code = code;
    this.description = description;
    this.advice = help;
  }
}

/**
 * Passes on the result of a C library call.
 *
 * The operation comes first so that its text is made before the call: see {@linkcode errno}.
 *
 * @param operation see {@linkcode SysError}
 * @param result what the call returned
 * @throws SysError with errno when the result is negative
 */
export function check(operation: string, result: number): number {
  if (result < 0) throw new SysError(operation, errno());
  return result;
}

/** The same for functions that return their error number, such as posix_spawn and pthread_sigmask. */
export function checkNumber(operation: string, number: number): void {
  if (number !== 0) throw new SysError(operation, number);
}

/** The name of an error number, such as "EPERM". */
export function errnoName(number: number): string {
  return describe(number)[0];
}

function describe(number: number): readonly [code: string, description: string] {
  for (const [name, [value, description]] of Object.entries(ERRORS)) {
    if (value === number) return [name, description];
  }
  return [`E${number}`, `Unknown error ${number}`];
}
