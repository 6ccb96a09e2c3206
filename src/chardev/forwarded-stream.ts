import type { Duplex } from '../transport/index.ts'

/** A stream that is another one but for what the caller does in its own way. */
export function forwardedStream(stream: Duplex, own: Partial<Pick<Duplex, 'start' | 'write'>>): Duplex {
  return {
    kind: stream.kind,
    local: stream.local,
    remote: stream.remote,
    closed: stream.closed,
    get passesDescriptors() {
      return stream.passesDescriptors
    },
    get buffered() {
      return stream.buffered
    },
    start: (sink) => stream.start(sink),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    write: (data, descriptors) => stream.write(data, descriptors),
    end: () => stream.end(),
    close: () => stream.close(),
    destroy: (reason) => stream.destroy(reason),
    [Symbol.asyncDispose]: () => stream.close(),
    ...own,
  }
}
