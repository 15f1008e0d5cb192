import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import * as layout from "../../ffi/layout.ts";
import { DENIED_SYSTEM_CALLS } from "../../ffi/seccomp.ts";
import { evaluateC, hasCompiler } from "./c_program.ts";

const isArm64 = Deno.build.arch === "aarch64";

const HEADERS = [
  "errno.h",
  "fcntl.h",
  "malloc.h",
  "grp.h",
  "netdb.h",
  "netinet/in.h",
  "netinet/udp.h",
  "poll.h",
  "sched.h",
  "signal.h",
  "spawn.h",
  "time.h",
  "net/if.h",
  "linux/if_tun.h",
  "linux/sock_diag.h",
  "linux/virtio_net.h",
  "linux/capability.h",
  "linux/securebits.h",
  "linux/netlink.h",
  "linux/rtnetlink.h",
  "sys/file.h",
  "sys/inotify.h",
  "sys/mman.h",
  "sys/mount.h",
  "sys/prctl.h",
  "sys/resource.h",
  "sys/signalfd.h",
  "sys/socket.h",
  "sys/syscall.h",
  "sys/un.h",
  "sys/wait.h",
];

/** Constants that C knows by another name. */
const C_NAMES: Readonly<Record<string, string>> = {
  // In parentheses, for they are no macros.
  SK_MEMINFO_RCVBUF: "(SK_MEMINFO_RCVBUF)",
  SK_MEMINFO_SNDBUF: "(SK_MEMINFO_SNDBUF)",
  SK_MEMINFO_DROPS: "(SK_MEMINFO_DROPS)",
  SK_MEMINFO_VARS: "(SK_MEMINFO_VARS)",
  UNIX_PATH_MAX: "(sizeof(((struct sockaddr_un *)0)->sun_path) - 1)",
  VIRTIO_NET_HDR_SIZE: "sizeof(struct virtio_net_hdr)",
  SIGSET_SIZE: "sizeof(sigset_t)",
  POSIX_SPAWNATTR_SIZE: "sizeof(posix_spawnattr_t)",
  POSIX_SPAWN_FILE_ACTIONS_SIZE: "sizeof(posix_spawn_file_actions_t)",
  RLIMIT_SIZE: "sizeof(struct rlimit)",
  LINUX_CAPABILITY_VERSION_3: "_LINUX_CAPABILITY_VERSION_3",
};

/** Constants that are younger than the headers of some system that this is tested on. */
const YOUNG = ["TUN_F_USO4", "TUN_F_USO6", "SYS_mount_setattr", "SYS_process_madvise"];

/** The C names of the structures and of their fields. */
const STRUCTURES: Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>> = {
  SOCKADDR_IN: ["struct sockaddr_in", {
    FAMILY: "sin_family",
    PORT: "sin_port",
    ADDRESS: "sin_addr",
  }],
  SOCKADDR_IN6: ["struct sockaddr_in6", {
    FAMILY: "sin6_family",
    PORT: "sin6_port",
    FLOWINFO: "sin6_flowinfo",
    ADDRESS: "sin6_addr",
    SCOPE_ID: "sin6_scope_id",
  }],
  SOCKADDR_UN: ["struct sockaddr_un", { FAMILY: "sun_family", PATH: "sun_path" }],
  IN_PKTINFO: ["struct in_pktinfo", {
    IFINDEX: "ipi_ifindex",
    SPEC_DST: "ipi_spec_dst",
    ADDR: "ipi_addr",
  }],
  IN6_PKTINFO: ["struct in6_pktinfo", { ADDR: "ipi6_addr", IFINDEX: "ipi6_ifindex" }],
  IOVEC: ["struct iovec", { BASE: "iov_base", LENGTH: "iov_len" }],
  MSGHDR: ["struct msghdr", {
    NAME: "msg_name",
    NAME_LENGTH: "msg_namelen",
    IOV: "msg_iov",
    IOV_LENGTH: "msg_iovlen",
    CONTROL: "msg_control",
    CONTROL_LENGTH: "msg_controllen",
    FLAGS: "msg_flags",
  }],
  MMSGHDR: ["struct mmsghdr", { HEADER: "msg_hdr", LENGTH: "msg_len" }],
  CMSGHDR: ["struct cmsghdr", { LENGTH: "cmsg_len", LEVEL: "cmsg_level", TYPE: "cmsg_type" }],
  GROUP: ["struct group", { NAME: "gr_name", GID: "gr_gid" }],
  ADDRINFO: ["struct addrinfo", {
    FLAGS: "ai_flags",
    FAMILY: "ai_family",
    SOCKTYPE: "ai_socktype",
    PROTOCOL: "ai_protocol",
    ADDRLEN: "ai_addrlen",
    ADDR: "ai_addr",
    CANONNAME: "ai_canonname",
    NEXT: "ai_next",
  }],
  IFREQ: ["struct ifreq", { NAME: "ifr_name", FLAGS: "ifr_flags" }],
  POLLFD: ["struct pollfd", { FD: "fd", EVENTS: "events", REVENTS: "revents" }],
  INOTIFY_EVENT: ["struct inotify_event", {
    WATCH: "wd",
    MASK: "mask",
    COOKIE: "cookie",
    LENGTH: "len",
  }],
  TIMESPEC: ["struct timespec", { SECONDS: "tv_sec", NANOSECONDS: "tv_nsec" }],
  TIMEVAL: ["struct timeval", { SECONDS: "tv_sec", MICROSECONDS: "tv_usec" }],
  SIGACTION: ["struct sigaction", { HANDLER: "sa_handler" }],
  SIGNALFD_SIGINFO: ["struct signalfd_siginfo", {
    SIGNO: "ssi_signo",
    PID: "ssi_pid",
    UID: "ssi_uid",
  }],
  CAP_HEADER: ["struct __user_cap_header_struct", { VERSION: "version", PID: "pid" }],
  CAP_DATA: ["struct __user_cap_data_struct", {
    EFFECTIVE: "effective",
    PERMITTED: "permitted",
    INHERITABLE: "inheritable",
  }],
};

/** Those whose headers can't be included with the others: glibc's have another struct sched_param. */
const APART = ["SCHED_ATTR"];

Deno.test({
  name: "constants and layouts are the C compiler's" + (hasCompiler ? "" : " (needs a C compiler)"),
  ignore: !hasCompiler,
  async fn() {
    const expected = new Map<string, number>();
    for (const [name, value] of Object.entries(layout)) {
      if (typeof value === "number") {
        expected.set(C_NAMES[name] ?? name, value);
        continue;
      }
      if (APART.includes(name)) continue;
      const structure = STRUCTURES[name];
      assert(structure !== undefined, `${name} has no C name`);
      const [type, fields] = structure;
      for (const [field, offset] of Object.entries(value as Record<string, number>)) {
        if (field === "SIZE") expected.set(`sizeof(${type})`, offset);
        else if (field === "ALIGNMENT") expected.set("CMSG_ALIGN(1)", offset);
        else expected.set(`offsetof(${type}, ${fields[field]})`, offset);
      }
    }
    for (const [name, number] of Object.entries(Errno)) expected.set(name, number);
    for (const [name, [x64, arm64]] of Object.entries(DENIED_SYSTEM_CALLS)) {
      const number = isArm64 ? arm64 : x64;
      if (number !== null) expected.set(`SYS_${name}`, number);
    }

    const actual = await evaluateC(HEADERS, [...expected.keys()]);
    for (const [expression, value] of expected) {
      const wanted = actual.get(expression);
      if (wanted === undefined) assert(YOUNG.includes(expression), `C has no ${expression}`);
      else assert.equal(BigInt(value), wanted, expression);
    }
    assert(actual.size > 300);
  },
});

Deno.test({
  name: "the layout of struct sched_attr is the C compiler's" +
    (hasCompiler ? "" : " (needs a C compiler)"),
  ignore: !hasCompiler,
  async fn() {
    const { SIZE, POLICY, NICE, RUNTIME } = layout.SCHED_ATTR;
    const expected: Record<string, number> = {
      "sizeof(struct sched_attr)": SIZE,
      "offsetof(struct sched_attr, sched_policy)": POLICY,
      "offsetof(struct sched_attr, sched_nice)": NICE,
      "offsetof(struct sched_attr, sched_runtime)": RUNTIME,
    };
    const actual = await evaluateC(
      ["stddef.h", "linux/types.h", "linux/sched/types.h"],
      Object.keys(expected),
    );
    for (const [expression, value] of Object.entries(expected)) {
      assert.equal(actual.get(expression), BigInt(value), expression);
    }
  },
});

Deno.test({
  name: "arm64's system calls are the generic ones" + (hasCompiler ? "" : " (needs a C compiler)"),
  ignore: !hasCompiler,
  async fn() {
    // arm64 has the numbers of asm-generic/unistd.h, which is there on every architecture.
    const names = Object.keys(DENIED_SYSTEM_CALLS);
    const generic = await evaluateC(["asm-generic/unistd.h"], names.map((name) => `__NR_${name}`));
    for (const [name, [, arm64]] of Object.entries(DENIED_SYSTEM_CALLS)) {
      const wanted = generic.get(`__NR_${name}`);
      if (wanted !== undefined) assert.equal(BigInt(arm64 ?? -1), wanted, name);
      else assert(arm64 === null || YOUNG.includes(`SYS_${name}`), name);
    }
  },
});

Deno.test("the architectures differ in what is known to differ, and in nothing else", async () => {
  const load = async (arch: string): Promise<Record<string, unknown>> => {
    const original = Object.getOwnPropertyDescriptor(Deno, "build");
    assert(original !== undefined);
    Object.defineProperty(Deno, "build", { ...original, value: { ...Deno.build, arch } });
    try {
      return { ...await import(new URL(`../../ffi/layout.ts?${arch}`, import.meta.url).href) };
    } finally {
      Object.defineProperty(Deno, "build", original);
    }
  };
  const x64 = await load("x86_64"), arm64 = await load("aarch64");
  const differing = Object.keys(x64).filter((name) => typeof x64[name] === "number")
    .filter((name) => x64[name] !== arm64[name])
    .map((name) => [name, x64[name], arm64[name]]);
  // arch/arm64/include/uapi/asm/fcntl.h and include/uapi/asm-generic/unistd.h
  assert.deepEqual(differing, [
    ["O_DIRECTORY", 0x10000, 0x4000],
    ["O_NOFOLLOW", 0x20000, 0x8000],
    ["SYS_sched_getattr", 315, 275],
    ["SYS_sched_setattr", 314, 274],
    ["SYS_seccomp", 317, 277],
  ]);
});
