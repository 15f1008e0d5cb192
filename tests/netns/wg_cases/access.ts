/** Scripts about interfaces that can't be reached. */
export const ACCESS: readonly string[] = [
  ...["wg", "wg show wg0", "wg show interfaces", "wg show all dump", "wg showconf wg0"]
    .concat(["wg set wg0 listen-port 12345", "wg set wg0 peer $A remove", "wg genkey | wc -c"])
    .concat(["wg setconf wg0 /dev/null", "wg addconf wg0 /dev/null", "wg syncconf wg0 /dev/null"])
    .concat([
      "wg show nonexist0",
      "wg set nonexist0 listen-port 1",
      "wg set wg0 private-key $f/key",
    ])
    .concat([
      "wg setconf wg0 $f/wg0.conf",
      "wg set wg0 peer $A preshared-key $f/preshared",
      "wg --help",
    ])
    .map((command) => command.replace("wg", "nobody wg")),
  // the socket's directory can't be read, or isn't there
  "chmod 700 /run/wireguard; nobody wg; nobody wg show wg0; nobody wg show interfaces; chmod 755 /run/wireguard",
  "mv /run/wireguard /run/w; wg; wg show wg0; wg show interfaces; wg set wg0 fwmark 1; mv /run/w /run/wireguard",
  "mv /run/wireguard /run/w; touch /run/wireguard; wg; wg show wg0; wg show interfaces; rm /run/wireguard; mv /run/w /run/wireguard",
  // a dead socket goes
  "dead wgd; wg show interfaces; ls /run/wireguard",
  "dead wgd; wg show wgd; ls /run/wireguard",
  "dead wgd; wg show all dump; ls /run/wireguard",
  "dead wgd; wg showconf wgd; ls /run/wireguard",
  "dead wgd; wg set wgd listen-port 1; ls /run/wireguard",
  "dead wgd; wg setconf wgd $f/wg0.conf; ls /run/wireguard",
  "dead wgd; wg addconf wgd /dev/null; ls /run/wireguard",
  "dead wgd; wg syncconf wgd /dev/null; ls /run/wireguard",
  "dead wgd; nobody wg show interfaces; ls /run/wireguard; rm /run/wireguard/wgd.sock",
  "dead wgd; nobody wg show wgd; ls /run/wireguard; rm /run/wireguard/wgd.sock",
  // other things than sockets
  "touch /run/wireguard/wgf.sock; wg show interfaces; wg show wgf; wg set wgf fwmark 1; ls /run/wireguard; rm /run/wireguard/wgf.sock",
  "mkdir /run/wireguard/wgf.sock; wg show interfaces; wg show wgf; wg set wgf fwmark 1; ls /run/wireguard; rmdir /run/wireguard/wgf.sock",
  "ln -s wg0.sock /run/wireguard/wgl.sock; wg show interfaces; wg show wgl dump; wg set wgl fwmark 1; rm /run/wireguard/wgl.sock",
  "ln -s nowhere /run/wireguard/wgl.sock; wg show interfaces; wg show wgl dump; wg set wgl fwmark 1; rm /run/wireguard/wgl.sock",
  "touch /run/wireguard/other; wg show interfaces; wg show; rm /run/wireguard/other",
  "mkfifo /run/wireguard/wgp.sock; wg show interfaces; wg show wgp; rm /run/wireguard/wgp.sock",
  "ln /run/wireguard/wg0.sock /run/wireguard/.sock; wg show interfaces; wg show all listen-port; rm /run/wireguard/.sock",
  "ln /run/wireguard/wg0.sock /run/wireguard/averyveryverylongname.sock; wg show interfaces; wg show averyveryverylongname; rm /run/wireguard/a*",
  "ln /run/wireguard/wg0.sock '/run/wireguard/a b.sock'; wg show interfaces; wg show 'a b' dump; wg set 'a b' fwmark 5; rm /run/wireguard/a*",
];
