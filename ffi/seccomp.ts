import { check } from "./errno.ts";
import { SYS_seccomp } from "./layout.ts";
import { libc } from "./libc.ts";

// linux/filter.h, linux/seccomp.h, linux/audit.h
const BPF_LOAD_WORD = 0x20;
const BPF_JUMP_EQUAL = 0x15;
const BPF_JUMP_GREATER_OR_EQUAL = 0x35;
const BPF_JUMP_ANY_BIT = 0x45;
const BPF_RETURN = 0x06;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;
const SECCOMP_RET_ALLOW = 0x7fff0000;
const SECCOMP_RET_ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;

// struct seccomp_data
const DATA_NUMBER = 0;
const DATA_ARCHITECTURE = 4;
const DATA_FIRST_ARGUMENT = 16;

/** Numbers from here up are the x32 ABI's, through which x86-64 takes the same calls. */
const X32_SYSCALL_BIT = 0x40000000;

/** Every CLONE_NEW… flag that clone(2) knows. */
const CLONE_NEW_NAMESPACES = 0x7e020000;

const INSTRUCTION_SIZE = 8;
const PROGRAM_SIZE = 16;

const isArm64 = Deno.build.arch === "aarch64";
const AUDIT_ARCHITECTURE = isArm64 ? 0xc00000b7 : 0xc000003e;
const SYS_CLONE = isArm64 ? 220 : 56;
const SYS_CLONE3 = 435;

/** System calls that a running tunnel never makes: [x86-64, arm64]. A null isn't there. */
export const DENIED_SYSTEM_CALLS: Readonly<Record<string, readonly [number, number | null]>> = {
  // Other programs
  execve: [59, 221],
  execveat: [322, 281],
  // Other processes' memory and files
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // Large parts of the kernel, where most of its holes were found
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  modify_ldt: [154, null],
  personality: [135, 92],
  // Namespaces, mounts and roots
  unshare: [272, 97],
  setns: [308, 268],
  chroot: [161, 51],
  pivot_root: [155, 41],
  mount: [165, 40],
  umount2: [166, 39],
  move_mount: [429, 429],
  open_tree: [428, 428],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  mknodat: [259, 33],
  mknod: [133, null],
  // The machine itself
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  iopl: [172, null],
  ioperm: [173, null],
};

/**
 * Makes every thread of the process fail with EPERM in the {@linkcode DENIED_SYSTEM_CALLS}, in calls of
 * foreign architectures, and in creating namespaces; and for good. Needs no_new_privs on this thread,
 * which the others get with it.
 *
 * @throws SysError with ENOSYS or EINVAL where the kernel has no seccomp
 */
export function denySystemCalls(): void {
  const filter = buildFilter();
  const program = new DataView(new ArrayBuffer(PROGRAM_SIZE));
  program.setUint16(0, filter.length / INSTRUCTION_SIZE, true);
  program.setBigUint64(8, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(filter))), true);
  const install = (flags: number) =>
    libc.syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program, 0);
  // Older kernels slow a filtered process down against attacks by code that it runs for others, of which
  // there is none here.
  const flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (install(flags) === 0) return;
  const result = check("install the system call filter", install(SECCOMP_FILTER_FLAG_TSYNC));
  // What isn't negative is the thread that couldn't follow.
  if (result > 0) throw new Error(`Thread ${result} can't take over the system call filter`);
}

function buildFilter(): Uint8Array<ArrayBuffer> {
  const instructions: [code: number, ifTrue: number, ifFalse: number, value: number][] = [];
  const deny = SECCOMP_RET_ERRNO | EPERM;
  /** Returns `action` when the loaded word compares to `value` as `jump` says. */
  const when = (jump: number, value: number, action: number) =>
    instructions.push([jump, 0, 1, value], [BPF_RETURN, 0, 0, action]);
  instructions.push(
    [BPF_LOAD_WORD, 0, 0, DATA_ARCHITECTURE],
    [BPF_JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURE],
    [BPF_RETURN, 0, 0, deny],
    [BPF_LOAD_WORD, 0, 0, DATA_NUMBER],
  );
  if (!isArm64) when(BPF_JUMP_GREATER_OR_EQUAL, X32_SYSCALL_BIT, deny);
  for (const [x64, arm64] of Object.values(DENIED_SYSTEM_CALLS)) {
    const number = isArm64 ? arm64 : x64;
    if (number !== null) when(BPF_JUMP_EQUAL, number, deny);
  }
  // The flags of clone3 lie in memory that a filter can't read. Without it the C library uses clone.
  when(BPF_JUMP_EQUAL, SYS_CLONE3, SECCOMP_RET_ERRNO | ENOSYS);
  instructions.push(
    [BPF_JUMP_EQUAL, 1, 0, SYS_CLONE],
    [BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW],
    [BPF_LOAD_WORD, 0, 0, DATA_FIRST_ARGUMENT],
  );
  when(BPF_JUMP_ANY_BIT, CLONE_NEW_NAMESPACES, deny);
  instructions.push([BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW]);

  const filter = new DataView(new ArrayBuffer(instructions.length * INSTRUCTION_SIZE));
  instructions.forEach(([code, ifTrue, ifFalse, value], index) => {
    const at = index * INSTRUCTION_SIZE;
    filter.setUint16(at, code, true);
    filter.setUint8(at + 2, ifTrue);
    filter.setUint8(at + 3, ifFalse);
    filter.setUint32(at + 4, value, true);
  });
  return new Uint8Array(filter.buffer);
}
