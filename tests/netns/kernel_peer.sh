#!/usr/bin/env bash
#
# Boots an unmodified Debian kernel in QEMU, so that its in-kernel WireGuard can
# be a peer in the tests. Software emulation is enough: no KVM is needed.
#
#   kernel_peer.sh build            fetches what is missing and makes the initramfs;
#                                   prints the paths of kernel and initramfs
#   kernel_peer.sh boot DIR TAP     becomes QEMU: a guest whose eth0 is the existing
#                                   tap device TAP of this network namespace. In DIR:
#                                     console.log  the serial console
#                                     control.N    UNIX sockets that execute scripts
#                                   (the protocol is described in kernel_guest.sh)
#
# In the environment of boot:
#   GUEST_SHARE   a directory that the guest shall find at /host, read-only. A large
#                 program runs from there in place
#   GUEST_MEMORY  MiB, 256 by default; a compiled Deno program needs 1024
#
# The guest is driven over virtio-serial and not over the network, so a test may
# break, filter or renumber the network at will.
#
# Everything lives in .cache beside this script: Debian packages are downloaded
# and unpacked there, nothing but the tools in HOST_PROGRAMS has to be installed.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$here/.cache
kernel_package=${KERNEL_PACKAGE:-linux-image-cloud-amd64}
control_sockets=4

HOST_PROGRAMS=(qemu-system-x86_64 cpio depmod modprobe ldd xz flock dpkg-deb apt-get mke2fs)
# Unpacked into the cache, not installed: busybox-static conflicts with busybox.
UNPACKED_PACKAGES=(busybox-static wireguard-tools)
# depmod finds what these depend on.
GUEST_MODULES=(wireguard tun virtio_net virtio_blk virtio_pci virtio_console virtio_rng)
GUEST_PROGRAMS=(bash ip wg socat ping)
# What a compiled Deno program needs besides what the programs do. pthread_exit loads libgcc_s at run
# time, so ldd does not list it.
GUEST_LIBRARIES=(libgcc_s.so.1 libdl.so.2 librt.so.1 libpthread.so.0 libm.so.6)

say() { printf 'kernel_peer: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root "$@" >>"$cache/apt.log" 2>&1; }

# unpack PACKAGE DIRECTORY: downloads a Debian package and unpacks it, or nothing at all.
unpack() {
  [ -d "$2" ] && return
  local temporary
  temporary=$(mktemp -d "$cache/unpack.XXXXXX")
  # A machine whose package lists were never fetched needs one update.
  (cd "$temporary" && { apt download "$1" || { apt update && apt download "$1"; }; }) ||
    die "cannot download the package $1, see $cache/apt.log"
  dpkg-deb -x "$temporary"/*.deb "$temporary/root"
  mv "$temporary/root" "$2"
  rm -rf "$temporary"
}

# The kernel's package depends on the current build of it: print that one's name.
resolve_kernel_package() {
  local name=$cache/resolved.$kernel_package
  if [ ! -s "$name" ]; then
    apt-cache show "$kernel_package" >/dev/null 2>&1 || apt update || true
    apt-cache depends "$kernel_package" 2>/dev/null |
      sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -n 1 >"$name"
    [ -s "$name" ] || { rm -f "$name"; die "apt knows no package $kernel_package"; }
  fi
  cat "$name"
}

# install_program PROGRAM ROOT: a program of this machine with its shared libraries.
install_program() {
  local library
  install -D -m755 "$1" "$2/bin/$(basename "$1")"
  # ldd prints "libx.so => /path (0x..)" and "/lib64/ld-linux... (0x..)"
  { ldd "$1" 2>/dev/null || true; } | { grep -oE '/[^ ]+' || true; } | while read -r library; do
    [ -e "$2$library" ] || install -D -m755 "$(readlink -f "$library")" "$2$library"
  done
}

# populate ROOT KERNEL_DIRECTORY VERSION: the guest's whole file system.
populate() {
  local root=$1 kernel=$2 version=$3 program applet module
  mkdir -p "$root"/{bin,dev,proc,sys,tmp,root,etc,run,usr,var,host,lib/modules/"$version"}
  ln -s bin "$root/sbin"
  ln -s ../run "$root/var/run"
  ln -s /bin "$root/usr/bin"
  ln -s /sbin "$root/usr/sbin"

  # busybox first, then the real programs over its applets
  install -m755 "$cache/busybox-static/bin/busybox" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    ln -s busybox "$root/bin/$applet" 2>/dev/null || true
  done
  for program in "${GUEST_PROGRAMS[@]}"; do
    applet=$cache/wireguard-tools/usr/bin/$program
    [ -e "$applet" ] || applet=$(command -v "$program") || die "this machine has no $program"
    rm -f "$root/bin/$program"
    install_program "$applet" "$root"
  done
  for program in "${GUEST_LIBRARIES[@]}"; do
    program=/lib/x86_64-linux-gnu/$program
    [ -e "$root$program" ] || install -D -m755 "$(readlink -f "$program")" "$root$program"
  done
  # busybox's shell prefers its own applets to the programs in PATH
  ln -sf bash "$root/bin/sh"

  for module in "${GUEST_MODULES[@]}"; do
    modprobe -d "$kernel" -S "$version" --show-depends "$module" 2>/dev/null |
      sed -n 's/^insmod \([^ ]*\).*/\1/p' || true # some are built into some kernels
  done | sort -u | while read -r module; do
    install -D -m644 "$module" "$root/${module#"$kernel"/}"
    case $module in *.xz) xz -d "$root/${module#"$kernel"/}" ;; esac
  done
  cp "$kernel/lib/modules/$version"/modules.{builtin,order} "$root/lib/modules/$version/"
  depmod -b "$root" "$version" 2>/dev/null

  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  install -m755 "$here/kernel_guest.sh" "$root/init"
}

# Sets `image` and `initramfs`, and makes them when they are not in the cache.
build() {
  local program package directory version root sum lock
  mkdir -p "$cache"
  exec {lock}>"$cache/.lock"
  flock "$lock"
  for program in "${HOST_PROGRAMS[@]}"; do
    command -v "$program" >/dev/null || die "this machine has no $program"
  done
  for package in "${UNPACKED_PACKAGES[@]}"; do unpack "$package" "$cache/$package"; done
  package=$(resolve_kernel_package)
  directory=$cache/$package
  unpack "$package" "$directory"
  image=$(echo "$directory"/boot/vmlinuz-*)
  # The initramfs contains what these two files say.
  sum=$(cat "${BASH_SOURCE[0]}" "$here/kernel_guest.sh" | sha256sum | cut -c1-12)
  initramfs=$directory/initramfs.$sum
  if [ ! -e "$initramfs" ]; then
    say "making an initramfs for $package"
    version=$(basename "$directory"/lib/modules/*)
    [ -e "$directory/lib/modules/$version/modules.dep" ] || depmod -b "$directory" "$version"
    root=$(mktemp -d "$cache/root.XXXXXX")
    populate "$root" "$directory" "$version"
    # Not compressed: under emulation unpacking takes longer than copying.
    (cd "$root" && find . | cpio -o -H newc --quiet -R 0:0) >"$initramfs.new"
    rm -rf "$root" "$directory"/initramfs.????????????
    mv "$initramfs.new" "$initramfs"
  fi
  exec {lock}>&-
}

boot() {
  local directory=$1 tap=$2 mac arguments i
  build
  # one address per tap device and directory, so that guests can share a bridge
  mac=$(md5sum <<<"$directory $tap" | sed 's/\(..\)\(..\)\(..\).*/52:54:00:\1:\2:\3/')
  arguments=(
    # microvm boots faster, but has neither HPET nor PM timer: its kernel hangs in
    # TSC calibration now and then when the machine is busy.
    -M pc,usb=off,vmport=off
    -accel tcg,tb-size=128 -cpu "Nehalem,+rdrand" -smp 1 -m "${GUEST_MEMORY:-256}"
    -nodefaults -no-user-config -display none -no-reboot -rtc base=utc
    -kernel "$image" -initrd "$initramfs"
    # mitigations: retpolines are very slow under emulation. tsc: the clock's watchdog
    # would otherwise fall back to a slow clock when the machine is busy.
    -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable cryptomgr.notests apparmor=0 audit=0 random.trust_cpu=on 8250.nr_uarts=1"
    -chardev "file,id=console,path=$directory/console.log" -serial chardev:console
    -netdev "tap,id=net0,ifname=$tap,script=no,downscript=no"
    -device "virtio-net-pci,netdev=net0,mac=$mac"
    # WireGuard drops every handshake until the kernel's random generator is ready.
    -object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0
    -device virtio-serial-pci)
  if [ -n "${GUEST_SHARE:-}" ]; then
    mke2fs -q -t ext4 -O ^has_journal -d "$GUEST_SHARE" "$directory/share.img" \
      $(($(du -sk "$GUEST_SHARE" | cut -f1) * 11 / 10 + 8192))k
    arguments+=(-drive "file=$directory/share.img,format=raw,if=virtio,readonly=on")
  fi
  for ((i = 0; i < control_sockets; i++)); do
    arguments+=(-chardev "socket,id=control$i,path=$directory/control.$i,server=on,wait=off"
      -device "virtserialport,chardev=control$i,name=control.$i")
  done
  exec qemu-system-x86_64 "${arguments[@]}"
}

case ${1:-} in
  build) build && printf '%s\n' "$image" "$initramfs" ;;
  boot) boot "${2:?a directory}" "${3:?a tap device}" ;;
  *) sed -n '3,/^set -e/p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//' >&2; exit 2 ;;
esac
