/**
 * Constants and struct layouts of the Linux ABI under their C names, for x86-64 and arm64.
 *
 * Both are little-endian LP64, so nearly everything is equal; what differs is written with
 * {@linkcode perArchitecture}. Sizes and offsets are in bytes.
 */

/** Picks the value for the processor that this runs on. */
function perArchitecture<T>(x64: T, arm64: T): T {
  return Deno.build.arch === "aarch64" ? arm64 : x64;
}

// open(2), fcntl(2)
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const O_DIRECTORY = perArchitecture(0o200000, 0o40000);
export const O_NOFOLLOW = perArchitecture(0o400000, 0o100000);
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const FD_CLOEXEC = 1;
export const F_ADD_SEALS = 1033;
export const F_SEAL_SEAL = 0x1;
export const F_SEAL_SHRINK = 0x2;
export const F_SEAL_GROW = 0x4;
export const F_SEAL_WRITE = 0x8;
export const MFD_CLOEXEC = 0x1;
export const MFD_ALLOW_SEALING = 0x2;

// socket(2)
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = O_NONBLOCK;
export const SOCK_CLOEXEC = O_CLOEXEC;
export const SHUT_WR = 1;
export const MSG_PEEK = 0x2;
export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;
/** Passes file descriptors (unix(7)). */
export const SCM_RIGHTS = 1;

// socket(7)
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_ACCEPTCONN = 30;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_BINDTODEVICE = 25;
export const SO_MARK = 36;
export const SO_MEMINFO = 55;
export const SO_NETNS_COOKIE = 71;
/** Largest number of bytes in the path of a UNIX socket, its NUL not counted. */
export const UNIX_PATH_MAX = 107;

// linux/sock_diag.h: which of the numbers (u32) of SO_MEMINFO is what
export const SK_MEMINFO_RCVBUF = 1;
export const SK_MEMINFO_SNDBUF = 3;
export const SK_MEMINFO_DROPS = 8;
/** How many there are. */
export const SK_MEMINFO_VARS = 9;

// ip(7), ipv6(7), udp(7)
export const IPPROTO_IP = 0;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_DONT = 0;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_PMTUDISC_DONT = 0;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

/** struct sockaddr_in: family u16 in host byte order; port and address in network byte order. */
export const SOCKADDR_IN = { SIZE: 16, FAMILY: 0, PORT: 2, ADDRESS: 4 } as const;
/** struct sockaddr_in6; the scope id is a u32 in host byte order. */
export const SOCKADDR_IN6 = {
  SIZE: 28,
  FAMILY: 0,
  PORT: 2,
  FLOWINFO: 4,
  ADDRESS: 8,
  SCOPE_ID: 24,
} as const;
/** struct sockaddr_un. */
export const SOCKADDR_UN = { SIZE: 110, FAMILY: 0, PATH: 2 } as const;
/** struct in_pktinfo: SPEC_DST is the local address, ADDR the header's destination. */
export const IN_PKTINFO = { SIZE: 12, IFINDEX: 0, SPEC_DST: 4, ADDR: 8 } as const;
/** struct in6_pktinfo. */
export const IN6_PKTINFO = { SIZE: 20, ADDR: 0, IFINDEX: 16 } as const;
/** struct iovec: a 64-bit address and a size_t. */
export const IOVEC = { SIZE: 16, BASE: 0, LENGTH: 8 } as const;
/** struct msghdr; NAME, IOV and CONTROL are 64-bit addresses. */
export const MSGHDR = {
  SIZE: 56,
  NAME: 0,
  NAME_LENGTH: 8,
  IOV: 16,
  IOV_LENGTH: 24,
  CONTROL: 32,
  CONTROL_LENGTH: 40,
  FLAGS: 48,
} as const;
/** struct mmsghdr: a msghdr and the number of bytes transferred. */
export const MMSGHDR = { SIZE: 64, HEADER: 0, LENGTH: 56 } as const;
/** struct cmsghdr; its data follow it, and the next one begins at a multiple of 8. */
export const CMSGHDR = { SIZE: 16, LENGTH: 0, LEVEL: 8, TYPE: 12, ALIGNMENT: 8 } as const;

// netdb.h
export const EAI_NONAME = -2;
export const EAI_AGAIN = -3;
export const EAI_FAIL = -4;
export const EAI_NODATA = -5;
export const EAI_SYSTEM = -11;
/** struct addrinfo; ADDR, CANONNAME and NEXT are 64-bit addresses. */
export const GROUP = {
  SIZE: 32,
  NAME: 0,
  GID: 16,
} as const;
export const ADDRINFO = {
  SIZE: 48,
  FLAGS: 0,
  FAMILY: 4,
  SOCKTYPE: 8,
  PROTOCOL: 12,
  ADDRLEN: 16,
  ADDR: 24,
  CANONNAME: 32,
  NEXT: 40,
} as const;

// linux/if.h, linux/if_tun.h
/** Size of an interface name's field, its NUL included. */
export const IFNAMSIZ = 16;
/** struct ifreq, with the flags (u16) that TUNSETIFF reads. */
export const IFREQ = { SIZE: 40, NAME: 0, FLAGS: 16 } as const;
export const TUNSETIFF = 0x400454ca;
export const TUNSETOFFLOAD = 0x400454d0;
export const TUNGETIFF = 0x800454d2;
/** Since Linux 5.2. */
export const TUNGETDEVNETNS = 0x54e3;
export const IFF_TUN = 0x1;
export const IFF_NO_PI = 0x1000;
export const IFF_VNET_HDR = 0x4000;
export const TUN_F_CSUM = 0x01;
export const TUN_F_TSO4 = 0x02;
export const TUN_F_TSO6 = 0x04;
export const TUN_F_TSO_ECN = 0x08;
/** Since Linux 6.2. */
export const TUN_F_USO4 = 0x20;
/** Since Linux 6.2. */
export const TUN_F_USO6 = 0x40;
/** Size of the struct virtio_net_hdr before each packet of a TUN device opened with IFF_VNET_HDR. */
export const VIRTIO_NET_HDR_SIZE = 10;

// poll.h
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
/** struct pollfd: fd i32, events and revents i16. */
export const POLLFD = { SIZE: 8, FD: 0, EVENTS: 4, REVENTS: 6 } as const;

// sys/inotify.h
export const IN_ATTRIB = 0x4;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_NONBLOCK = O_NONBLOCK;
export const IN_CLOEXEC = O_CLOEXEC;
/** struct inotify_event; LENGTH bytes of name follow it. */
export const INOTIFY_EVENT = { SIZE: 16, WATCH: 0, MASK: 4, COOKIE: 8, LENGTH: 12 } as const;

// time.h
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_BOOTTIME = 7;
/** struct timespec: two i64. */
export const TIMESPEC = { SIZE: 16, SECONDS: 0, NANOSECONDS: 8 } as const;
/** struct timeval: two i64. */
export const TIMEVAL = { SIZE: 16, SECONDS: 0, MICROSECONDS: 8 } as const;

// signal.h, sys/signalfd.h
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGTERM = 15;
export const SIGCHLD = 17;
export const SIGTSTP = 20;
export const SIGTTOU = 22;
export const SIG_BLOCK = 0;
export const SIG_SETMASK = 2;
/** glibc's sigset_t: bit n-1 stands for signal n. */
export const SIGSET_SIZE = 128;
/** struct sigaction. */
export const SIGACTION = { SIZE: 152, HANDLER: 0 } as const;
export const SFD_NONBLOCK = O_NONBLOCK;
export const SFD_CLOEXEC = O_CLOEXEC;
/** struct signalfd_siginfo. */
export const SIGNALFD_SIGINFO = { SIZE: 128, SIGNO: 0, PID: 12, UID: 16 } as const;

// spawn.h, sys/wait.h
export const POSIX_SPAWN_SETSIGDEF = 0x04;
export const POSIX_SPAWN_SETSIGMASK = 0x08;
export const POSIX_SPAWN_SETSID = 0x80;
export const POSIX_SPAWNATTR_SIZE = 336;
export const POSIX_SPAWN_FILE_ACTIONS_SIZE = 80;
export const WNOHANG = 1;

// malloc.h
export const M_MMAP_THRESHOLD = -3;

// sys/resource.h
export const RLIMIT_CORE = 4;
/** struct rlimit: the soft and the hard limit, two u64. */
export const RLIMIT_SIZE = 16;

// linux/capability.h, linux/securebits.h, linux/prctl.h
export const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
export const CAP_DAC_READ_SEARCH = 2;
export const CAP_NET_BIND_SERVICE = 10;
export const CAP_NET_BROADCAST = 11;
export const CAP_NET_ADMIN = 12;
export const CAP_NET_RAW = 13;
export const CAP_SYS_ADMIN = 21;
export const PR_GET_SECUREBITS = 27;
export const PR_SET_SECUREBITS = 28;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_IS_SET = 1;
export const PR_CAP_AMBIENT_RAISE = 2;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;
export const SECBIT_NOROOT = 0x1;
export const SECBIT_NO_SETUID_FIXUP = 0x4;
/** struct __user_cap_header_struct. */
export const CAP_HEADER = { SIZE: 8, VERSION: 0, PID: 4 } as const;
/** struct __user_cap_data_struct, of which version 3 has two: capabilities 0..31 and 32..63. */
export const CAP_DATA = { SIZE: 12, EFFECTIVE: 0, PERMITTED: 4, INHERITABLE: 8 } as const;

// linux/sched.h, sys/mount.h
export const CLONE_NEWNS = 0x00020000;
export const CLONE_NEWUSER = 0x10000000;
export const CLONE_NEWNET = 0x40000000;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 0x40000;

// sched.h, sys/resource.h, linux/sched/types.h
export const SCHED_OTHER = 0;
export const SCHED_BATCH = 3;
export const PRIO_PROCESS = 0;
export const SCHED_ATTR = { SIZE: 56, POLICY: 4, NICE: 16, RUNTIME: 24 } as const;

// asm/unistd.h: system calls that glibc has no function for everywhere
export const SYS_sched_getattr = perArchitecture(315, 275);
export const SYS_sched_setattr = perArchitecture(314, 274);
export const SYS_seccomp = perArchitecture(317, 277);
export const SYS_pidfd_send_signal = 424;
export const SYS_pidfd_open = 434;
