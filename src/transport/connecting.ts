import type { Socket } from 'node:net'

/**
 * Waits until a socket is connected. It must be paused already: nothing is read before its stream has a sink.
 *
 * @throws {Error} the system's error, or the reason of `signal`; the socket is destroyed then
 */
export function connected(socket: Socket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      settled()
      socket.destroy()
      reject(error)
    }
    const abort = (): void => fail(signal?.reason)
    const settled = (): void => {
      socket.off('error', fail)
      socket.off('connect', succeed)
      signal?.removeEventListener('abort', abort)
    }
    const succeed = (): void => {
      settled()
      resolve()
    }
    socket.on('error', fail)
    socket.on('connect', succeed)
    if (signal?.aborted === true) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}
