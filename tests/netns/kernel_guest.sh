#!/bin/busybox sh
#
# The init process of the guest that kernel_peer.sh boots: loads WireGuard, then
# executes the scripts that arrive on its control ports. On each port:
#
#   -> "REQUEST <nonce> <timeout in s> <length>\n" and <length> bytes of bash script
#   <- "\nREPLY <nonce> <exit code> <length> <length>\n", stdout, stderr
#
# The exit code is 124 when the script ran into its timeout.
export PATH=/bin:/sbin HOME=/root TERM=vt100
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for directory in /dev/shm /tmp /run; do mount -t tmpfs tmpfs $directory; done
ln -sf /proc/self/fd /dev/fd
hostname kernel-peer
for module in virtio_pci virtio_rng virtio_console virtio_net virtio_blk wireguard tun; do
  modprobe $module
done
[ ! -b /dev/vda ] || mount -t ext4 -o ro /dev/vda /host
ip link set lo up
# No duplicate address detection: an IPv6 address is usable at once.
sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0

serve() { # serve DEVICE NAME. Each fork costs milliseconds under emulation.
  script=/tmp/.$2.sh out=/tmp/.$2.out err=/tmp/.$2.err
  exec 7<>"$1"
  while :; do
    read -r tag nonce timeout length <&7 || { sleep 0.2; continue; }
    [ "$tag" = REQUEST ] || continue
    head -c "$length" <&7 >$script
    timeout -k 5 "$timeout" /bin/bash $script >$out 2>$err </dev/null 7<&-
    code=$?
    [ $code = 143 ] && code=124 # busybox reports the signal
    # The lengths first: a job in the background may still be writing.
    out_length=$(wc -c <$out)
    err_length=$(wc -c <$err)
    {
      printf '\nREPLY %s %s %s %s\n' "$nonce" $code $out_length $err_length
      [ $out_length = 0 ] || head -c $out_length $out
      [ $err_length = 0 ] || head -c $err_length $err
    } >&7
    # Removed, so that a job in the background keeps its own file.
    rm -f $script $out $err
  done
}
for port in /sys/class/virtio-ports/vport*; do
  name=$(cat $port/name 2>/dev/null)
  case $name in control.*) serve /dev/${port##*/} "$name" & ;; esac
done

echo "kernel-peer: ready" >/dev/console
# The console is only a log; init must not end.
while :; do sleep 3600; done
