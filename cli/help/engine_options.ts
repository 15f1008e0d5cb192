/** What the help tells of engines. */

/** Of commands that start an engine. */
export const ENGINE_OPTIONS = `\

Engine options:
      --crypto=WHICH
                    Which implementation of the cryptography to use: auto (the fastest that is
                    correct, the default), native, libcrypto (OpenSSL 3), wasm or noble (slow)
      --offload=WHICH
                    Which offloads to use where the kernel has them: auto (all, the default), off,
                    or a list of tun, udp-gso and udp-gro with commas
      --threads=N   How many threads encrypt and decrypt, 1 (the default) to 16
      --status-group=GROUP
                    A group, by name or number, whose members may see how the interface runs, by
                    \`wgts status', \`top' and \`metrics', though not its configuration
      --bind-address=ADDRESS
                    The local address that the tunnel's own datagrams come from and go to: one of
                    IPv4, one of IPv6, or both with a comma; by default, any
      --bind-interface=INTERFACE
                    The network interface or VRF that they go out and come in by; by default, any
`;
/** The environment variables that mean the same. */
export const ENGINE_ENVIRONMENT = `\
  WGTS_CRYPTO       As --crypto
  WGTS_OFFLOAD      As --offload
  WGTS_THREADS      As --threads
  WGTS_STATUS_GROUP As --status-group
  WGTS_BIND_ADDRESS, WGTS_BIND_INTERFACE
                    As --bind-address and --bind-interface
`;
