import type { ReadBytes, WriteBytes } from '../stream/framing.ts'

/** A way that a stream goes: to the other side, to a file, through a command. */
export interface Channel {
  /** Whether the other side can answer. */
  readonly answers: boolean
  /** Whether what it gives may be long in coming, from a program or another process. */
  readonly isPipe?: boolean
  readonly write: WriteBytes
  readonly read: ReadBytes
  /** Whether descriptors can go along. */
  readonly passesDescriptors?: boolean
  /** Lets a descriptor go along with what is written next; it stays the caller's, who may close it after that. */
  attach?(descriptor: number): void
  /** The next descriptor that has come with what has been read; it is the caller's. */
  takeDescriptor?(): number | undefined
  /** Ends writing; settles when everything has arrived, as far as that can be known. */
  finish(): Promise<void>
  /** Gives up at once: what waits is rejected with the reason. Settles when nothing is left. */
  destroy(reason: Error): Promise<void>
  /** Breaks the connection at once, as if the other side had: what waits fails. Only sockets have that. */
  yank?(): void
}
