import type { Duplex, DuplexSink } from './duplex.ts'

/**
 * The same stream, which may be started again: whoever has spoken with the peer hands the rest of the conversation to
 * somebody else. What comes goes to the sink that was given last.
 */
export function restartable(stream: Duplex): Duplex {
  let current: DuplexSink | undefined
  const inner: DuplexSink = {
    data: (chunk) => current!.data(chunk),
    drain: () => current!.drain?.(),
    end: () => current!.end?.(),
    closed: (reason) => current!.closed?.(reason),
  }
  return {
    kind: stream.kind,
    local: stream.local,
    remote: stream.remote,
    closed: stream.closed,
    passesDescriptors: false,
    get buffered() {
      return stream.buffered
    },
    start: (sink) => {
      const first = current === undefined
      current = sink
      if (first) stream.start(inner)
      else stream.resume()
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    write: (data, descriptors) => stream.write(data, descriptors),
    end: () => stream.end(),
    close: () => stream.close(),
    destroy: (reason) => stream.destroy(reason),
    [Symbol.asyncDispose]: () => stream.close(),
  }
}
