import { formatUapiResult, type UapiEvent } from "../../core/uapi/command.ts";
import { formatUapiGet } from "../../core/uapi/get_response.ts";
import type { PrintedDevice } from "../../core/uapi/print_formats.ts";
import { formatUapiPrint } from "../../core/uapi/print_response.ts";
import { formatUapiStatus, type UapiStatus } from "../../core/uapi/status.ts";
import { UapiAllowedIpLine } from "../../core/uapi/allowed_ip_line.ts";
import { UapiRequestParser } from "../../core/uapi/request_parser.ts";
import type { Peer } from "../../core/peer.ts";
import { Answer } from "./answer.ts";
import type { EventFeed, EventQueue } from "./event_feed.ts";
import { SetRequest, type SetTarget } from "./set_request.ts";

/** A connected stream socket that never blocks. Both give bytes, or a negative errno. */
export interface ControlStream {
  readonly fd: number;
  /** 0 at the end of the stream. */
  read(target: Uint8Array): number;
  write(source: Uint8Array): number;
  close(): void;
}

/** What a connection serves. */
export interface ControlTarget extends SetTarget {
  /** The state that a `get` tells, and that is printed. */
  readonly state: PrintedDevice<Peer>;
  /** What a `status` tells. */
  status(): UapiStatus<Peer>;
  /** Who is told what happens. */
  readonly events: EventFeed;
  /** Told why a request was refused; never holds a secret. */
  refused(problem: string, errno: number): void;
}

/** What may be asked of a connection: anything, or how the engine runs and what happens. */
export type Requests = "all" | "status";

/** The kinds of requests that tell no secret and change nothing; "close" is none. */
const ASKING: readonly UapiEvent["kind"][] = ["status", "events", "close"];

/** What a connection waits for. */
export type Interest = "read" | "write" | "nothing";

const EBADF = 9;
const EAGAIN = 11;
const EACCES = 13;
const EBUSY = 16;
const EPIPE = 32;
const ECONNRESET = 104;
const ENOTCONN = 107;
/** After these, a stream is of no use. */
const FATAL: readonly number[] = [EBADF, EPIPE, ECONNRESET, ENOTCONN];
/** How often in a row any other error is taken for EAGAIN. */
const MAX_DOUBTFUL_ERRORS = 8;
const READ_SIZE = 16384;
/** Allowed IPs and other lines applied between two looks at the clock: some microseconds. */
const ALLOWED_IPS_AT_ONCE = 32;
const EVENTS_AT_ONCE = 8;

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * One client of the control socket. Reading, applying and answering can stop and go on anywhere, so
 * that neither a large request nor a client that reads slowly holds up packets.
 */
export class ControlConnection {
  readonly #stream: ControlStream;
  readonly #target: ControlTarget;
  readonly #requests: Requests;
  readonly #parser = new UapiRequestParser();
  readonly #input = new Uint8Array(READ_SIZE);
  readonly #allowedIp = new UapiAllowedIpLine();
  #request: SetRequest | null = null;
  #answer: Answer | null = null;
  /** What happens, once that was asked for: then nothing else can be asked any more. */
  #events: EventQueue | null = null;
  #output = NOTHING;
  /** Nothing more comes, or nothing more is wanted. */
  #finished = false;
  #notOurProtocol = false;
  #doubtfulErrors = 0;

  constructor(stream: ControlStream, target: ControlTarget, requests: Requests = "all") {
    this.#stream = stream;
    this.#target = target;
    this.#requests = requests;
  }

  get fd(): number {
    return this.#stream.fd;
  }

  /** Whether it is told what happens. */
  get isEventReader(): boolean {
    return this.#events !== null;
  }

  /** Whether there is an event that could be told now. */
  get hasEvents(): boolean {
    return this.#events !== null && this.#events.hasNext && this.#output.length === 0;
  }

  /** Works until there is nothing to do or `expired` says so; then tells what it waits for. */
  step(expired: () => boolean): Interest | "closed" | "more" {
    do {
      if (this.#output.length > 0) {
        const count = this.#stream.write(this.#output);
        if (count < 0) return this.#failed(-count, "write");
        this.#doubtfulErrors = 0;
        this.#output = this.#output.subarray(count);
      } else if (this.#answer !== null) {
        if (this.#answer.done) this.#endAnswer();
        else this.#output = this.#answer.proceed();
      } else if (this.#request?.unfinished) {
        this.#request.proceed();
      } else if (this.#events?.hasNext) {
        this.#output = this.#events.next() ?? NOTHING;
      } else if (!this.#handleEvents()) {
        if (this.#finished) return this.close();
        const count = this.#stream.read(this.#input);
        if (count < 0) return this.#failed(-count, "read");
        this.#doubtfulErrors = 0;
        if (count === 0) {
          this.#finished = true;
          this.#parser.close();
        } else {
          if (this.#events === null) this.#parser.push(this.#input.subarray(0, count));
          this.#input.fill(0, 0, count);
        }
      }
    } while (!expired());
    return "more";
  }

  /** Ends the connection; an answer under way is cut. */
  close(): "closed" {
    this.#endRequest();
    this.#endAnswer();
    this.#output = NOTHING;
    if (this.#events !== null) this.#target.events.close(this.#events);
    this.#events = null;
    this.#stream.close();
    return "closed";
  }

  #endRequest(): void {
    this.#request?.end();
    this.#request = null;
  }

  #endAnswer(): void {
    this.#answer?.end();
    this.#answer = null;
  }

  /** What follows from the error of a call that would have been retried after `interest`. */
  #failed(error: number, interest: Interest): Interest | "closed" {
    if (error === EAGAIN) return interest;
    // A garbage collection right after the call may have changed errno; nobody's answer must be cut for
    // that. If the stream is broken, the next calls fail too.
    if (FATAL.includes(error) || ++this.#doubtfulErrors > MAX_DOUBTFUL_ERRORS) return this.close();
    return interest;
  }

  /** Handles some events; false when there is none before more bytes come. */
  #handleEvents(): boolean {
    if (!this.#handleEvent()) return false;
    for (let count = 1; count < EVENTS_AT_ONCE && this.#inRequest; count++) {
      if (!this.#handleEvent()) break;
    }
    return true;
  }

  /** Whether the next thing to do is to read on in a `set`. */
  get #inRequest(): boolean {
    return this.#request !== null && !this.#request.unfinished;
  }

  /** False when there is no event before more bytes come. */
  #handleEvent(): boolean {
    if (this.#notOurProtocol || this.#events !== null) return false;
    if (this.#request !== null && this.#applyAllowedIps(this.#request)) return true;
    const event = this.#parser.next();
    if (event === null) return false;
    if (this.#requests === "status" && !ASKING.includes(event.kind)) {
      // Not logged: whoever may only ask isn't to fill the log.
      this.#parser.refuse();
      this.#reply(EACCES);
      return true;
    }
    switch (event.kind) {
      case "get":
        this.#answer = new Answer(formatUapiGet(this.#target.state));
        break;
      case "print": {
        const { state, now } = this.#target;
        this.#answer = new Answer(formatUapiPrint(state, event.request, () => now.wall));
        break;
      }
      case "status":
        this.#answer = new Answer(formatUapiStatus(this.#target.status()));
        break;
      case "events":
        this.#events = this.#target.events.open(this.#requests);
        this.#reply(this.#events === null ? EBUSY : 0);
        break;
      case "set":
        this.#request = new SetRequest(this.#target);
        break;
      case "end":
        this.#reply(0);
        break;
      case "error":
        this.#target.refused(event.problem, event.errno);
        this.#reply(event.errno);
        break;
      case "close":
        this.#finished = this.#notOurProtocol = true;
        break;
      default: {
        const errno = this.#request?.apply(event) ?? 0;
        if (errno === 0) break;
        this.#target.refused(`cannot apply ${event.kind}`, errno);
        this.#parser.refuse();
        this.#reply(errno);
      }
    }
    return true;
  }

  /** Applies some of the allowed IPs that come next; false when there is none. */
  #applyAllowedIps(request: SetRequest): boolean {
    const line = this.#allowedIp;
    let count = 0;
    while (count < ALLOWED_IPS_AT_ONCE && this.#parser.readAllowedIp(line)) {
      request.applyAllowedIp(line.address, line.prefixLength, line.remove);
      count++;
    }
    return count > 0;
  }

  #reply(errno: number): void {
    this.#endRequest();
    this.#output = new TextEncoder().encode(formatUapiResult(errno));
  }
}
