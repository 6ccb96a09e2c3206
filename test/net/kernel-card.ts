import type { NetClient, NetEnd, NetSet } from '../../src/net/index.ts'
import type { KernelGuest } from './kernel-guest.ts'

/**
 * Joins a kernel with a back end, as a card would: what has no room there waits here.
 *
 * @param netdev - the back end
 */
export function joinKernel(kernel: KernelGuest, set: NetSet, netdev: string): NetClient {
  const { wire } = kernel
  const waiting: Uint8Array[] = []
  const card: NetEnd = {
    receive: (frame) => wire.right.send(frame),
    resume: () => {
      let sent = 0
      while (sent < waiting.length && line.send(waiting[sent]!)) sent++
      waiting.splice(0, sent)
    },
  }
  const line = set.attach({ id: 'card', model: 'e1000', mac: '52:54:00:12:34:56', netdev, end: card })
  wire.join(kernel, {
    receive(frame) {
      if (waiting.length > 0 || !line.send(frame)) waiting.push(Buffer.from(frame))
      return true
    },
    resume: () => line.ready(),
  })
  return line
}
