/**
 * The C library's functions that this program calls: the one symbol table. Linux with glibc, 64 bits.
 *
 * @module
 */

/**
 * Signatures are chosen for speed: an `i32` or `pointer` argument costs a few nanoseconds, a JavaScript
 * number passed as u64 or usize leaves the fast path, and 64-bit results arrive as BigInt. So lengths
 * (size_t) and counts are `i32` here: none of ours comes near 2^31. `buffer` takes a typed array and
 * suits everything but the packet path, which passes ready-made pointers (the functions named …Pointer).
 */
export const SYMBOLS = {
  // Errors
  __errno_location: { parameters: [], result: "pointer" }, // int *
  gai_strerror: { parameters: [/* int errcode */ "i32"], result: "pointer" }, // const char *

  // Files
  open: {
    parameters: [/* const char *path */ "buffer", /* int flags */ "i32", /* mode_t mode */ "i32"],
    result: "i32",
  },
  close: { parameters: [/* int fd */ "i32"], result: "i32" },
  read: {
    parameters: [/* int fd */ "i32", /* void *buf */ "buffer", /* size_t count */ "i32"],
    result: "i32",
  },
  write: {
    parameters: [/* int fd */ "i32", /* const void *buf */ "buffer", /* size_t count */ "i32"],
    result: "i32",
  },
  readPointer: {
    name: "read",
    parameters: [/* int fd */ "i32", /* void *buf */ "pointer", /* size_t count */ "i32"],
    result: "i32",
  },
  writePointer: {
    name: "write",
    parameters: [/* int fd */ "i32", /* const void *buf */ "pointer", /* size_t count */ "i32"],
    result: "i32",
  },
  readv: {
    parameters: [
      /* int fd */ "i32",
      /* const struct iovec *iov */ "pointer",
      /* int count */ "i32",
    ],
    result: "i32",
  },
  writev: {
    parameters: [
      /* int fd */ "i32",
      /* const struct iovec *iov */ "pointer",
      /* int count */ "i32",
    ],
    result: "i32",
  },
  fcntl: {
    parameters: [/* int fd */ "i32", /* int op */ "i32", /* int arg */ "i32"],
    result: "i32",
  },
  ioctl: {
    parameters: [/* int fd */ "i32", /* unsigned long op */ "u32", /* void *arg */ "buffer"],
    result: "i32",
  },
  ioctlInteger: {
    name: "ioctl",
    parameters: [/* int fd */ "i32", /* unsigned long op */ "u32", /* unsigned long arg */ "u32"],
    result: "i32",
  },
  memfd_create: {
    parameters: [/* const char *name */ "buffer", /* unsigned int flags */ "u32"],
    result: "i32",
  },
  pipe2: { parameters: [/* int fds[2] */ "buffer", /* int flags */ "i32"], result: "i32" },
  fchown: {
    parameters: [/* int fd */ "i32", /* uid_t owner */ "u32", /* gid_t group */ "u32"],
    result: "i32",
  },
  fchmod: { parameters: [/* int fd */ "i32", /* mode_t mode */ "u32"], result: "i32" },
  fsync: { parameters: [/* int fd */ "i32"], result: "i32" },
  unlink: { parameters: [/* const char *path */ "buffer"], result: "i32" },
  mkdir: { parameters: [/* const char *path */ "buffer", /* mode_t mode */ "i32"], result: "i32" },
  umask: { parameters: [/* mode_t mask */ "i32"], result: "i32" },
  mount: {
    parameters: [
      /* const char *source */ "buffer",
      /* const char *target */ "buffer",
      /* const char *type */ "buffer",
      /* unsigned long flags */ "u32",
      /* const void *data */ "buffer",
    ],
    result: "i32",
  },

  // Sockets
  socket: {
    parameters: [/* int domain */ "i32", /* int type */ "i32", /* int protocol */ "i32"],
    result: "i32",
  },
  socketpair: {
    parameters: [
      /* int domain */ "i32",
      /* int type */ "i32",
      /* int protocol */ "i32",
      /* int sv[2] */ "buffer",
    ],
    result: "i32",
  },
  bind: {
    parameters: [/* int fd */ "i32", /* const sockaddr * */ "buffer", /* socklen_t */ "i32"],
    result: "i32",
  },
  connect: {
    parameters: [/* int fd */ "i32", /* const sockaddr * */ "buffer", /* socklen_t */ "i32"],
    result: "i32",
  },
  listen: { parameters: [/* int fd */ "i32", /* int backlog */ "i32"], result: "i32" },
  accept4: {
    parameters: [
      /* int fd */ "i32",
      /* sockaddr * */ "buffer",
      /* socklen_t * */ "buffer",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  shutdown: { parameters: [/* int fd */ "i32", /* int how */ "i32"], result: "i32" },
  getsockname: {
    parameters: [/* int fd */ "i32", /* sockaddr * */ "buffer", /* socklen_t * */ "buffer"],
    result: "i32",
  },
  getsockopt: {
    parameters: [
      /* int fd */ "i32",
      /* int level */ "i32",
      /* int name */ "i32",
      /* void *value */ "buffer",
      /* socklen_t * */ "buffer",
    ],
    result: "i32",
  },
  setsockopt: {
    parameters: [
      /* int fd */ "i32",
      /* int level */ "i32",
      /* int name */ "i32",
      /* const void *value */ "buffer",
      /* socklen_t */ "i32",
    ],
    result: "i32",
  },
  send: {
    parameters: [
      /* int fd */ "i32",
      /* const void *buf */ "buffer",
      /* size_t len */ "i32",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  recv: {
    parameters: [
      /* int fd */ "i32",
      /* void *buf */ "buffer",
      /* size_t len */ "i32",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  // Waits for a message without blocking this thread; errno is lost.
  recvAsync: {
    name: "recv",
    parameters: [
      /* int fd */ "i32",
      /* void *buf */ "buffer",
      /* size_t len */ "i32",
      /* int flags */ "i32",
    ],
    result: "i32",
    nonblocking: true,
  },
  sendmsg: {
    parameters: [/* int fd */ "i32", /* const struct msghdr * */ "buffer", /* int flags */ "i32"],
    result: "i32",
  },
  recvmsg: {
    parameters: [/* int fd */ "i32", /* struct msghdr * */ "buffer", /* int flags */ "i32"],
    result: "i32",
  },
  sendto: {
    parameters: [
      /* int fd */ "i32",
      /* const void *buf */ "buffer",
      /* size_t len */ "i32",
      /* int flags */ "i32",
      /* const sockaddr * */ "buffer",
      /* socklen_t */ "i32",
    ],
    result: "i32",
  },
  recvfrom: {
    parameters: [
      /* int fd */ "i32",
      /* void *buf */ "buffer",
      /* size_t len */ "i32",
      /* int flags */ "i32",
      /* sockaddr * */ "buffer",
      /* socklen_t * */ "buffer",
    ],
    result: "i32",
  },
  sendmmsg: {
    parameters: [
      /* int fd */ "i32",
      /* struct mmsghdr * */ "pointer",
      /* unsigned int count */ "i32",
      /* int flags */ "i32",
    ],
    result: "i32",
  },
  recvmmsg: {
    parameters: [
      /* int fd */ "i32",
      /* struct mmsghdr * */ "pointer",
      /* unsigned int count */ "i32",
      /* int flags */ "i32",
      /* struct timespec *timeout */ "pointer",
    ],
    result: "i32",
  },

  // Names and addresses. A nonblocking call loses errno; getaddrinfo's error is its result (but EAI_SYSTEM).
  getaddrinfo: {
    parameters: [
      /* const char *node */ "buffer",
      /* const char *service */ "buffer",
      /* const struct addrinfo *hints */ "buffer",
      /* struct addrinfo **result */ "buffer",
    ],
    result: "i32",
    nonblocking: true,
  },
  /** The same, waiting for it. */
  getaddrinfo_now: {
    name: "getaddrinfo",
    parameters: [
      /* const char *node */ "buffer",
      /* const char *service */ "buffer",
      /* const struct addrinfo *hints */ "buffer",
      /* struct addrinfo **result */ "buffer",
    ],
    result: "i32",
  },
  freeaddrinfo: { parameters: [/* struct addrinfo * */ "pointer"], result: "void" },
  getgrnam: { parameters: [/* const char *name */ "buffer"], result: "pointer" }, // struct group *
  if_nametoindex: { parameters: [/* const char *name */ "buffer"], result: "u32" },
  if_indextoname: {
    parameters: [/* unsigned int index */ "u32", /* char name[IF_NAMESIZE] */ "buffer"],
    result: "pointer",
  },

  // Waiting
  ppoll: {
    parameters: [
      /* struct pollfd * */ "pointer",
      /* nfds_t count */ "i32",
      /* const struct timespec *timeout */ "pointer",
      /* const sigset_t *mask */ "pointer",
    ],
    result: "i32",
  },
  poll: {
    parameters: [/* struct pollfd * */ "buffer", /* nfds_t count */ "i32", /* int ms */ "i32"],
    result: "i32",
  },
  pollAsync: {
    name: "poll",
    parameters: [/* struct pollfd * */ "buffer", /* nfds_t count */ "i32", /* int ms */ "i32"],
    result: "i32",
    nonblocking: true,
  },
  signalfd: {
    parameters: [/* int fd */ "i32", /* const sigset_t *mask */ "buffer", /* int flags */ "i32"],
    result: "i32",
  },
  inotify_init1: { parameters: [/* int flags */ "i32"], result: "i32" },
  inotify_add_watch: {
    parameters: [/* int fd */ "i32", /* const char *path */ "buffer", /* uint32_t mask */ "u32"],
    result: "i32",
  },

  // Time
  clock_gettime: {
    parameters: [/* clockid_t clock */ "i32", /* struct timespec * */ "pointer"],
    result: "i32",
  },

  // Memory
  mallopt: { parameters: [/* int param */ "i32", /* int value */ "i32"], result: "i32" },

  // Signals
  pthread_sigmask: {
    parameters: [
      /* int how */ "i32",
      /* const sigset_t *set */ "buffer",
      /* sigset_t *old */ "buffer",
    ],
    result: "i32", // the error number itself; errno is not set
  },
  signal: { parameters: [/* int signal */ "i32", /* handler */ "pointer"], result: "pointer" },
  sigaction: {
    parameters: [
      /* int signal */ "i32",
      /* const struct sigaction *action */ "buffer",
      /* struct sigaction *old */ "buffer",
    ],
    result: "i32",
  },
  kill: { parameters: [/* pid_t */ "i32", /* int signal */ "i32"], result: "i32" },

  // Processes
  getpid: { parameters: [], result: "i32" },
  getppid: { parameters: [], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  setrlimit: {
    parameters: [/* int resource */ "i32", /* const struct rlimit * */ "buffer"],
    result: "i32",
  },
  prctl: {
    parameters: [
      /* int option */ "i32",
      /* unsigned long */ "u32",
      /* unsigned long */ "u32",
      /* unsigned long */ "u32",
      /* unsigned long */ "u32",
    ],
    result: "i32",
  },
  capget: { parameters: [/* header * */ "buffer", /* data[2] * */ "buffer"], result: "i32" },
  capset: { parameters: [/* header * */ "buffer", /* const data[2] * */ "buffer"], result: "i32" },
  unshare: { parameters: [/* int flags */ "i32"], result: "i32" },
  setns: { parameters: [/* int fd */ "i32", /* int nstype */ "i32"], result: "i32" },
  execve: {
    parameters: [
      /* const char *path */ "buffer",
      /* char *const argv[] */ "buffer",
      /* char *const envp[] */ "buffer",
    ],
    result: "i32",
  },
  waitpid: {
    parameters: [/* pid_t */ "i32", /* int *status */ "buffer", /* int options */ "i32"],
    result: "i32",
  },
  waitpidAsync: {
    name: "waitpid",
    parameters: [/* pid_t */ "i32", /* int *status */ "buffer", /* int options */ "i32"],
    result: "i32",
    nonblocking: true,
  },
  // The posix_spawn family returns its error number; errno is not set.
  posix_spawn: {
    parameters: [
      /* pid_t *pid */ "buffer",
      /* const char *path */ "buffer",
      /* const posix_spawn_file_actions_t * */ "buffer",
      /* const posix_spawnattr_t * */ "buffer",
      /* char *const argv[] */ "buffer",
      /* char *const envp[] */ "buffer",
    ],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: [/* actions * */ "buffer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: [/* actions * */ "buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: {
    parameters: [/* actions * */ "buffer", /* int fd */ "i32", /* int newfd */ "i32"],
    result: "i32",
  },
  posix_spawn_file_actions_addopen: {
    parameters: [
      /* actions * */ "buffer",
      /* int fd */ "i32",
      /* const char *path */ "buffer",
      /* int flags */ "i32",
      /* mode_t mode */ "i32",
    ],
    result: "i32",
  },
  posix_spawnattr_init: { parameters: [/* attr * */ "buffer"], result: "i32" },
  posix_spawnattr_destroy: { parameters: [/* attr * */ "buffer"], result: "i32" },
  posix_spawnattr_setflags: {
    parameters: [/* attr * */ "buffer", /* short flags */ "i32"],
    result: "i32",
  },
  posix_spawnattr_setsigmask: {
    parameters: [/* attr * */ "buffer", /* const sigset_t * */ "buffer"],
    result: "i32",
  },
  posix_spawnattr_setsigdefault: {
    parameters: [/* attr * */ "buffer", /* const sigset_t * */ "buffer"],
    result: "i32",
  },
  setpriority: {
    parameters: [/* int which */ "i32", /* id_t who */ "u32", /* int nice */ "i32"],
    result: "i32",
  },
  // sched_getattr and sched_setattr, which has no size.
  syscallSchedulingAttributes: {
    name: "syscall",
    parameters: [
      /* long number */ "i32",
      /* pid_t pid */ "i32",
      /* struct sched_attr *attr */ "buffer",
      /* unsigned int size, or flags */ "u32",
      /* unsigned int flags */ "u32",
    ],
    result: "i32",
  },
  // What the C library has no function for everywhere: pidfd_open, pidfd_send_signal, seccomp.
  syscall: {
    parameters: [
      /* long number */ "i32",
      /* long */ "i32",
      /* long */ "i32",
      /* void * */ "buffer",
      /* long */ "i32",
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * Functions that are called often: for packets, control requests and netlink messages. V8 is given machine
 * code for each, by which optimised code calls it in nanoseconds. To make that takes 0.2 ms for a function,
 * the others are called in 10 µs without.
 */
export const FREQUENT: ReadonlySet<string> = new Set<keyof typeof SYMBOLS>([
  "readPointer",
  "writePointer",
  "readv",
  "writev",
  "sendmmsg",
  "recvmmsg",
  "ppoll",
  "clock_gettime",
  "send",
  "recv",
  "recvfrom",
]);
