import type { Message, OutMessage } from '../spice/index.ts'

/** What a channel says to its client. */
export interface ChannelLine {
  /** False if no more should be said until `drained()`. */
  send(message: OutMessage): boolean
}

/** One kind of channel with one client, from when it is open. */
export interface Channel {
  /** The client has been told that it may come. */
  begin(): void
  /** @throws {SpiceError} if that cannot be meant: the connection ends */
  take(message: Message): void
  /** What was said has left. */
  drained?(): void
  /** The connection is over. */
  end(): void
}
