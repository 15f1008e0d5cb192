import { POLLIN, POLLOUT } from "../../ffi/layout.ts";
import type { PollSet } from "../../ffi/poll.ts";
import type { ChannelPoll } from "./dns_channel.ts";

const EVENTS = { read: POLLIN, write: POLLOUT, nothing: 0 } as const;

/** The entries of `poll` from `first` on, for the channels of a resolver. */
export function channelPolls(poll: PollSet, first = 0): (index: number) => ChannelPoll {
  return (index) => ({
    watch: (fd, interest) => poll.set(first + index, fd, EVENTS[interest]),
    isReady: () => poll.ready(first + index) !== 0,
  });
}
