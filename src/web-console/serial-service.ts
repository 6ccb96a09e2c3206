import { type Duplex, memoryPair } from '../transport/index.ts'

/** A serial port that is heard and written to beside what it is connected to. */
export interface SerialSource {
  listen(listener: (bytes: Uint8Array) => void): void
  /** Settles when the guest has room for more; rejects if it takes nothing. */
  input(bytes: Uint8Array): Promise<void>
}

/** How much of what was said before somebody came is told, in bytes. */
const remembered = 1 << 16
/** A viewer that has so much to read yet is sent away. */
const mostWaiting = 1 << 20

/** Remembers what a port says. @returns what opens a stream to it: what was said last comes first */
export function serialService(port: SerialSource): () => Duplex {
  let past: Uint8Array[] = []
  let length = 0
  const viewers = new Set<Duplex>()
  port.listen((bytes) => {
    past.push(bytes.slice())
    length += bytes.length
    while (past.length > 1 && length - past[0]!.length >= remembered) length -= past.shift()!.length
    if (past.length > 512) past = [Buffer.concat(past)]
    for (const viewer of viewers) {
      viewer.write(bytes)
      if (viewer.buffered > mostWaiting) viewer.destroy()
    }
  })
  return () => {
    const [ours, theirs] = memoryPair()
    for (const bytes of past) ours.write(bytes)
    viewers.add(ours)
    ours.start({
      data: (chunk) => {
        ours.pause()
        void port.input(chunk).then(
          () => ours.resume(),
          () => undefined,
        )
      },
      end: () => void ours.close(),
      closed: () => void viewers.delete(ours),
    })
    return theirs
  }
}
