import type { Socket } from 'node:net'
import { canDuplicate, duplicate } from '../../descriptors/index.ts'

/** A connected socket that no stream of this process reads or writes any more. */
export interface ReleasedSocket {
  /** Belongs to whoever has this. */
  readonly descriptor: number
  /** What was to be written and has not been: the first bytes that go out next. */
  readonly unwritten: Buffer
}

/** What is used of the handle inside a socket of Node's; undocumented, but the same in every release since 12. */
interface SocketHandle {
  readonly fd: number
  /** Bytes that the system has not taken yet. */
  readonly writeQueueSize: number
}

/**
 * Takes an open socket out of a stream that reads no more, and destroys the stream: the connection stays.
 *
 * @param batch - what has been given to the stream and may yet be on its way into the socket; the rest waits behind it
 * @returns undefined, if it is not connected, or descriptors cannot be had here: nothing has happened then
 */
export function releaseSocket(
  socket: Socket,
  batch: readonly Buffer[],
  rest: readonly Buffer[],
): ReleasedSocket | undefined {
  const { _handle: handle } = socket as { _handle?: Partial<SocketHandle> | null }
  const { fd = -1, writeQueueSize = -1 } = handle ?? {}
  if (socket.destroyed || socket.connecting || fd < 0 || writeQueueSize < 0 || !canDuplicate()) return undefined
  let descriptor: number
  try {
    descriptor = duplicate(fd)
  } catch {
    return undefined // there are too many
  }
  const given = Buffer.concat(batch)
  const unwritten = Buffer.concat([given.subarray(given.length - Math.min(writeQueueSize, given.length)), ...rest])
  socket.destroy()
  return { descriptor, unwritten }
}
