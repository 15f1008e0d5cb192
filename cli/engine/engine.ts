import type { Now } from "../../core/clock.ts";
import { Device } from "../../core/device.ts";
import type { DeviceEvent } from "../../core/device_event.ts";
import type { Peer } from "../../core/peer.ts";
import { TransmitBuffer } from "../../core/transmit_buffer.ts";
import type { SocketBinding } from "../../core/socket_binding.ts";
import type { Choice } from "../../core/uapi/status.ts";
import { Arena } from "../../ffi/arena.ts";
import { SystemClock } from "../../ffi/clock.ts";
import { SysError } from "../../ffi/errno.ts";
import { FileWatch } from "../../ffi/inotify.ts";
import { POLLIN, POLLOUT, SIGINT, SIGTERM } from "../../ffi/layout.ts";
import { type LinkEvent, LinkMonitor } from "../../ffi/link_monitor.ts";
import { PollSet, toMicroseconds } from "../../ffi/poll.ts";
import { SignalFd } from "../../ffi/signal.ts";
import type { TunDevice } from "../../ffi/tun.ts";
import type { UnixListener } from "../../ffi/unix_socket.ts";
import { systemRandom } from "../random.ts";
import { BoundInterface } from "./bound_interface.ts";
import { channelPolls } from "./channel_poll.ts";
import type { CryptoFactory } from "./choose_crypto.ts";
import { ControlBudget } from "./control_budget.ts";
import type { ControlTarget } from "./control_connection.ts";
import { CONTROL_POLL_SLOTS, type ControlPoll, ControlServer } from "./control_server.ts";
import type { CryptoPool } from "./crypto_pool.ts";
import { cryptoChoices } from "./crypto_report.ts";
import { DataPath } from "./data_path.ts";
import { EventFeed } from "./event_feed.ts";
import { describeEvent } from "./event_text.ts";
import { NamedEndpoints } from "./named_endpoints.ts";
import { indexOfName, interfaceNameOf } from "../../ffi/interface_name.ts";
import type { Logger } from "./log.ts";
import type { OffloadOption } from "./offload_option.ts";
import { Offloads } from "./offloads.ts";
import { readStatus } from "./status.ts";
import { RESOLVER_POLL_SLOTS, StubResolver } from "./stub_resolver.ts";
import { readTextFile } from "./text_file.ts";
import { UdpBinding } from "./udp_binding.ts";

/** What an engine is given: all opened by whoever starts it. */
export interface EngineOptions {
  tun: TunDevice;
  control: UnixListener;
  /** The socket that tells how the engine runs, and nothing else; null for none. */
  status: UnixListener | null;
  logger: Logger;
  createCrypto: CryptoFactory;
  offload: OffloadOption;
  /** The threads to share the AEAD with, if any. */
  pool: CryptoPool | null;
  /** What the UDP sockets are bound to. */
  binding: SocketBinding;
}

const MIB = 1 << 20;
/** Keys of 65,536 peers, three sessions each; pages that no session uses take no memory. */
const KEY_SLOTS_SIZE = 65_536 * 6 * 32;
const BATCH_LIST_SIZE = 2 * 1024 * 16;
/** Some more than what is read from the interface before it is sent on. */
const TRANSMIT_SIZE = MIB / 2;
/** Largest UDP batch (64 slots of 64 KiB), message headers and all the rest. */
const OTHER_SIZE = 6 * MIB;

/** Batches of each direction before signals, timers and the control socket get a look. */
const ROUNDS = 16;
/** After how long no further batch is begun: a batch can hold thousands of joined small datagrams. */
const PACKET_BUDGET_US = 2000;
/** How much is done for readers of events once the interface is to end. */
const LAST_STEPS = 1000;

/** Entries of the poll set. */
const SLOT = {
  signals: 0,
  tun: 1,
  udp4: 2,
  udp6: 3,
  link: 4,
  socketFile: 5,
  control: 6,
  status: 6 + CONTROL_POLL_SLOTS,
  resolver: 6 + 2 * CONTROL_POLL_SLOTS,
  boundInterface: 6 + 2 * CONTROL_POLL_SLOTS + RESOLVER_POLL_SLOTS,
} as const;
/** How many there are. */
const POLL_SLOTS = SLOT.boundInterface + 1;

/**
 * One running interface: owns its TUN device, UDP sockets, control socket and protocol state, and
 * drives them in one synchronous loop. It waits in ppoll(2) and never returns to the event loop:
 * that makes an answer to a packet a matter of microseconds, and needs no second thread.
 */
export class Engine {
  readonly #tun: TunDevice;
  readonly #logger: Logger;
  readonly #listener: UnixListener;
  readonly #device: Device;
  readonly #path: DataPath;
  readonly #offloads: Offloads;
  readonly #poll: PollSet;
  readonly #clock = new SystemClock();
  readonly #now: Now = { boot: 0, wall: 0 };
  readonly #udp: UdpBinding;
  readonly #signals = new SignalFd([SIGTERM, SIGINT]);
  readonly #link: LinkMonitor;
  /** Null when the sockets are bound to none. */
  readonly #boundInterface: BoundInterface | null;
  /** Null where the system has none left. */
  readonly #socketFile: FileWatch | null;
  readonly #control: ControlServer;
  /** Apart from the control socket's, so that its clients take no place of that one's. */
  readonly #statusServer: ControlServer | null;
  readonly #statusListener: UnixListener | null;
  readonly #endpoints: NamedEndpoints;
  readonly #events = new EventFeed({
    now: () => this.#now.wall,
    isUp: () => this.#device.isUp,
    nameOf: (peer) => this.#names.get(peer) ?? null,
    zoneName: interfaceNameOf,
  });
  /** How the administrator calls peers. */
  readonly #names = new WeakMap<Peer, string>();
  /** Whether the link is up; the device isn't when its port could not be had. */
  #linkUp = false;
  readonly #controlBudget = new ControlBudget(() => performance.now());
  /** Whether control work was cut short. */
  #moreControl = false;
  #busy = false;
  #stopReason: string | null = null;
  readonly #startedAt: number;
  readonly #cryptos: Choice[];
  readonly #threads: number;
  #lostByThreads = 0;

  /** Takes over what `options` holds. Throws SysError when the system refuses something. */
  constructor(options: EngineOptions) {
    const { tun, control, status, logger, createCrypto, offload, pool } = options;
    this.#tun = tun;
    this.#udp = new UdpBinding(options.binding);
    this.#logger = logger;
    this.#listener = control;
    this.#statusListener = status;
    const size = KEY_SLOTS_SIZE + BATCH_LIST_SIZE + TRANSMIT_SIZE + OTHER_SIZE;
    // A memory that threads share is up to 2.5 % slower for each of them.
    const arena = pool ? new Arena(size + pool.size, { shared: true }) : new Arena(size);
    const transmit = new TransmitBuffer(arena.reserve(TRANSMIT_SIZE), TRANSMIT_SIZE);
    const own = createCrypto(arena);
    const lost = (messages: number) => {
      this.#lostByThreads += messages;
      logger.error(`a crypto thread has failed: ${messages} packets were lost`);
    };
    const crypto = pool ? pool.share(own, arena, lost) : own;
    this.#threads = pool?.threads ?? 1;
    this.#cryptos = cryptoChoices(crypto);
    this.#device = new Device({
      memory: arena.memory,
      crypto,
      random: systemRandom,
      keySlots: { offset: arena.reserve(KEY_SLOTS_SIZE), length: KEY_SLOTS_SIZE },
      batchList: { offset: arena.reserve(BATCH_LIST_SIZE), length: BATCH_LIST_SIZE },
      transmit,
    });
    const onEvent = (event: DeviceEvent) => {
      if (logger.debugs) logger.debug(describeEvent(event));
      this.#endpoints.onEvent(event);
      this.#events.onDeviceEvent(event);
    };
    this.#device.onEvent = onEvent;
    const { checksum } = crypto;
    this.#path = new DataPath({ arena, tun, device: this.#device, transmit, checksum });
    this.#offloads = new Offloads({
      option: offload,
      tun,
      path: this.#path,
      logger,
      now: this.#now,
    });
    this.#poll = new PollSet(arena, POLL_SLOTS);
    this.#endpoints = new NamedEndpoints(this.#openResolver(), this.#device, this.#now, onEvent);
    this.#link = LinkMonitor.openTun(tun.fd);
    this.#boundInterface = BoundInterface.follow(this.#udp, logger);
    this.#socketFile = watchSocket(control.path, logger);
    const target = this.#controlTarget();
    this.#control = new ControlServer(control, target, this.#controlPoll(SLOT.control));
    this.#statusServer = status &&
      new ControlServer(status, target, this.#controlPoll(SLOT.status), "status");
    this.#poll.set(SLOT.signals, this.#signals.fd, POLLIN);
    this.#poll.set(SLOT.tun, tun.fd, POLLIN);
    this.#poll.set(SLOT.link, this.#link.fd, POLLIN);
    this.#poll.set(SLOT.boundInterface, this.#boundInterface?.fd ?? -1, POLLIN);
    this.#poll.set(SLOT.socketFile, this.#socketFile?.fd ?? -1, POLLIN);
    this.#clock.read(this.#now);
    this.#startedAt = this.#now.wall;
    this.#followLink();
  }

  /** Serves the interface until it is to end. Returns why it ended, for the log. */
  run(): string {
    while (this.#stopReason === null) this.#turn();
    return this.#stopReason;
  }

  /**
   * Gives everything back: the interface, the ports, the control socket and its file. `missed` says that
   * the interface should go on: then the file of its status socket stays, for its readers to know.
   */
  close(missed: boolean): void {
    this.#device.removeAllPeers();
    this.#device.setPrivateKey(null, this.#now);
    this.#endpoints.close();
    this.#events.publish({ type: "interface-removed", reason: this.#stopReason });
    let steps = 0;
    for (const server of [this.#control, this.#statusServer]) {
      server?.step(() => ++steps > LAST_STEPS);
    }
    this.#control.close();
    this.#listener.close();
    this.#statusServer?.close();
    if (missed) this.#statusListener?.abandon();
    else this.#statusListener?.close();
    this.#socketFile?.close();
    this.#link.close();
    this.#boundInterface?.close();
    this.#udp.close();
    this.#tun.close();
  }

  #turn(): void {
    const device = this.#device;
    this.#poll.waitMicroseconds(this.#patience());
    this.#clock.read(this.#now);
    // First: the packet that comes right after the link went up isn't to be dropped as one of a link that is
    // down; and who sets the link up and then asks, is told of an interface that is up.
    if (this.#poll.ready(SLOT.link) !== 0) this.#followLink();
    if (this.#poll.ready(SLOT.boundInterface) !== 0) this.#followBoundInterface();
    this.#movePackets();
    this.#endpoints.step();
    if (device.nextDeadline() <= this.#now.boot) device.advance(this.#now);
    const moreHandshakes = device.processNextHandshake(this.#now) && device.handshakesWaiting > 0;
    this.#path.flush(this.#now);
    this.#controlBudget.begin(this.#now);
    this.#moreControl = this.#control.step(this.#controlBudget.expired);
    if (this.#statusServer?.step(this.#controlBudget.expired)) this.#moreControl = true;
    if (device.outgoing.count > 0) this.#path.flush(this.#now);
    if (this.#poll.ready(SLOT.signals) !== 0) this.#readSignals();
    if (this.#poll.ready(SLOT.socketFile) !== 0 && this.#socketFile?.isGone() === true) {
      this.#stop(`its control socket ${this.#listener.path} was deleted`);
    }
    if (this.#path.gone) this.#stop("the interface was deleted");
    this.#busy = moreHandshakes || this.#morePackets;
  }

  /** How long to wait for events, as {@linkcode PollSet.waitMicroseconds} takes it. */
  #patience(): number {
    if (this.#busy) return 0;
    let deadline = Math.min(
      this.#device.nextDeadline(),
      this.#control.nextDeadline(),
      this.#endpoints.nextDeadline(),
    );
    if (this.#statusServer !== null) {
      deadline = Math.min(deadline, this.#statusServer.nextDeadline());
    }
    const untilDeadline = deadline - this.#now.boot;
    if (!this.#moreControl) return toMicroseconds(untilDeadline);
    return toMicroseconds(Math.min(untilDeadline, this.#controlBudget.pause(this.#now)));
  }

  #morePackets = false;

  /**
   * Moves packets both ways until neither side has any, for {@linkcode ROUNDS} rounds and about
   * {@linkcode PACKET_BUDGET_US} at most: a flood must stop neither handshakes nor timers nor control.
   */
  #movePackets(): void {
    const { sockets } = this.#udp;
    const now = this.#now;
    let network4 = sockets !== null && sockets.ipv4 >= 0 && this.#isReady(SLOT.udp4);
    let network6 = sockets !== null && sockets.ipv6 >= 0 && this.#isReady(SLOT.udp6);
    let tun = this.#isReady(SLOT.tun);
    if (network4 || network6 || tun) this.#controlBudget.onPackets(now);
    const start = this.#clock.microseconds();
    for (let round = 0; round < ROUNDS && (network4 || network6 || tun); round++) {
      if (round > 0 && ((this.#clock.microseconds() - start) | 0) >= PACKET_BUDGET_US) break;
      if (network4) network4 = this.#path.receive(sockets?.ipv4 ?? -1, now);
      if (network6) network6 = this.#path.receive(sockets?.ipv6 ?? -1, now);
      if (tun) tun = this.#path.send(now);
      this.#path.flush(now);
    }
    this.#morePackets = network4 || network6 || tun;
  }

  /** Also when a turn ended with packets left: poll tells of those too, so nothing is kept here. */
  #isReady(slot: number): boolean {
    return this.#poll.ready(slot) !== 0;
  }

  #readSignals(): void {
    const signal = this.#signals.read();
    if (signal !== 0) this.#stop(signal === SIGINT ? "SIGINT" : "SIGTERM");
  }

  #stop(reason: string): void {
    this.#stopReason ??= reason;
  }

  #followLink(): void {
    for (const event of this.#readLinkEvents()) {
      switch (event.kind) {
        case "deleted":
          this.#stop("the interface was deleted");
          break;
        case "moved":
          if (event.followed) {
            this.#logger.info("the interface moved to another network namespace");
            break;
          }
          this.#logger.info(
            "the interface moved to another network namespace: its MTU and state are no longer followed",
          );
          this.#poll.clear(SLOT.link);
          // Moving took the interface down, and nobody tells here when it is up again.
          this.#linkUp = true;
          this.#up();
          break;
        case "changed":
          this.#setMtu(event.link.mtu);
          this.#linkUp = event.link.up;
          if (this.#linkUp) this.#up();
          else this.#down();
      }
    }
  }

  /** A monitor that fails is no reason to end the tunnel: it goes on with the state known last. */
  #readLinkEvents(): LinkEvent[] {
    try {
      return this.#link.readEvents();
    } catch (error) {
      this.#logger.error(error instanceof Error ? error.message : String(error));
      return [];
    }
  }

  #followBoundInterface(): void {
    if (this.#boundInterface?.step()) this.#socketsChanged();
    // That it wasn't there may be what kept the device from going up with the link.
    if (this.#linkUp && this.#boundInterface?.isThere) this.#up();
  }

  #setMtu(mtu: number): void {
    if (mtu === this.#device.mtu) return;
    this.#device.mtu = mtu;
    this.#logger.info(`MTU ${mtu}`);
  }

  #up(): void {
    if (this.#device.isUp) return;
    try {
      this.#udp.open();
    } catch (error) {
      this.#logger.error(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#socketsChanged();
    this.#device.up(this.#now);
    this.#logger.info(`interface up, UDP port ${this.#udp.port}`);
    this.#events.publish({ type: "interface-up", listenPort: this.#udp.port });
  }

  #down(): void {
    if (!this.#device.isUp) return;
    this.#device.down(this.#now);
    this.#udp.close();
    this.#socketsChanged();
    this.#logger.info("interface down");
    this.#events.publish({ type: "interface-down" });
  }

  #socketsChanged(): void {
    const { sockets } = this.#udp;
    this.#path.sender.sockets = sockets;
    if (sockets !== null) this.#offloads.useSockets(sockets);
    this.#poll.set(SLOT.udp4, sockets?.ipv4 ?? -1, POLLIN);
    this.#poll.set(SLOT.udp6, sockets?.ipv6 ?? -1, POLLIN);
  }

  #controlTarget(): ControlTarget {
    const device = this.#device;
    const udp = this.#udp;
    return {
      device,
      now: this.#now,
      setListenPort: (port) => {
        udp.setPort(port);
        this.#socketsChanged();
        // Its port may have been what kept the device from going up with the link.
        if (this.#linkUp) this.#up();
      },
      setFwmark: (mark) => udp.setFwmark(mark),
      interfaceIndex: indexOfName,
      setName: (peer, name) => {
        if (name === null) this.#names.delete(peer);
        else this.#names.set(peer, name);
      },
      endpointNames: this.#endpoints,
      events: this.#events,
      refused: (problem, errno) =>
        this.#logger.error(`control request: ${problem} (errno ${errno})`),
      status: () =>
        readStatus({
          tun: this.#tun,
          device,
          udp,
          refusedBySockets: this.#path.sender.refused,
          refusedByInterface: this.#path.writer.refused,
          threads: this.#threads,
          lostByThreads: this.#lostByThreads,
          startedAt: this.#startedAt,
          cryptos: this.#cryptos,
          offloads: this.#offloads.offloads,
          nameOf: (peer) => this.#names.get(peer) ?? null,
          endpointNameOf: (peer) => this.#endpoints.stateOf(peer),
          refusesSegmentation: ({ endpoint }) =>
            endpoint !== null && this.#path.sender.refusesJoined(endpoint, this.#now),
        }),
      state: {
        get privateKey() {
          return device.privateKey;
        },
        get publicKey() {
          return device.publicKey;
        },
        get listenPort() {
          return udp.port;
        },
        get fwmark() {
          return udp.fwmark;
        },
        get peers() {
          return device.peers;
        },
        allowedIps: (peer) => device.allowedIps.walk(peer),
        zoneName: interfaceNameOf,
      },
    };
  }

  #openResolver(): StubResolver {
    return new StubResolver({
      poll: channelPolls(this.#poll, SLOT.resolver),
      random: systemRandom,
      mark: () => this.#udp.fwmark,
      binding: this.#udp.binding,
      readFile: readTextFile,
    });
  }

  /** The part of the poll set that begins at `first`. */
  #controlPoll(first: number): ControlPoll {
    const events = { read: POLLIN, write: POLLOUT, nothing: 0 } as const;
    return {
      watch: (index, fd, interest) => this.#poll.set(first + index, fd, events[interest]),
      isReady: (index) => this.#poll.ready(first + index) !== 0,
    };
  }
}

/** Watches the control socket's file; null where that can't be: then only its deletion goes unnoticed. */
function watchSocket(path: string, logger: Logger): FileWatch | null {
  try {
    return FileWatch.open(path);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    logger.error(
      `${error.message}: deleting it won't end the engine (fs.inotify.max_user_instances may be too low)`,
    );
    return null;
  }
}
