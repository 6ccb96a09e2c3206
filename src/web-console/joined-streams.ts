import type { Duplex } from '../transport/index.ts'

/** What of a viewer's bytes goes on, and what it is answered in the machine's place. */
export interface Filtered {
  readonly forward: Uint8Array
  readonly answer?: string
}

/** Looks at all that a viewer says. @throws {Error} if the connection is to end */
export type Filter = (chunk: Uint8Array) => Filtered

const everything: Filter = (chunk) => ({ forward: chunk })

/** Joins a viewer with a service, until one of them ends; who does not read stops the other. */
export function joinStreams(viewer: Duplex, service: Duplex, filter: Filter = everything): Promise<void> {
  /** Who has no room for what the viewer's words lead to. */
  const full = new Set<Duplex>()
  const hold = (who: Duplex): void => {
    full.add(who)
    viewer.pause()
  }
  const release = (who: Duplex): void => {
    if (full.delete(who) && full.size === 0) viewer.resume()
  }
  viewer.start({
    data: (chunk) => {
      try {
        const { forward, answer } = filter(chunk)
        if (answer !== undefined && !viewer.write(answer)) hold(viewer)
        if (forward.length > 0 && !service.write(forward)) hold(service)
      } catch (error) {
        viewer.destroy(error as Error)
      }
    },
    drain: () => {
      service.resume()
      release(viewer)
    },
    end: () => void viewer.close(),
    closed: () => service.destroy(),
  })
  service.start({
    data: (chunk) => {
      if (!viewer.write(chunk)) service.pause()
    },
    drain: () => release(service),
    end: () => void viewer.close(),
    closed: () => void viewer.close(),
  })
  return viewer.closed
}
