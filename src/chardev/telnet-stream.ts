import type { Duplex, DuplexSink } from '../transport/index.ts'
import { forwardedStream } from './forwarded-stream.ts'

const interpretAsCommand = 255
const [will, doIt, dont] = [251, 253, 254]
const [subnegotiationBegin, subnegotiationEnd] = [250, 240]
const [optionBinary, optionEcho, optionSuppressGoAhead] = [0, 1, 3]

/** What a server says first: it echoes, sends without waiting for its turn, and both sides send 8-bit bytes. */
const opening = Uint8Array.of(
  ...[interpretAsCommand, will, optionEcho],
  ...[interpretAsCommand, will, optionSuppressGoAhead],
  ...[interpretAsCommand, will, optionBinary],
  ...[interpretAsCommand, doIt, optionBinary],
)

/** Where in a command (RFC 854) the input stands. */
type Place = 'data' | 'command' | 'option' | 'subnegotiation' | 'subnegotiation command'

/** Takes the commands of the telnet protocol out of what a client sends; they may be cut anywhere. */
export class TelnetFilter {
  #place: Place = 'data'

  /** The data in a chunk; perhaps none. */
  filter(chunk: Uint8Array): Uint8Array {
    if (this.#place === 'data' && !chunk.includes(interpretAsCommand)) return chunk
    const data = new Uint8Array(chunk.length)
    let length = 0
    for (const byte of chunk) if (this.#isData(byte)) data[length++] = byte
    return data.subarray(0, length)
  }

  #isData(byte: number): boolean {
    const place = this.#place
    this.#place = next(place, byte)
    return (place === 'data' && byte !== interpretAsCommand) || (place === 'command' && byte === interpretAsCommand)
  }
}

function next(place: Place, byte: number): Place {
  switch (place) {
    case 'data':
      return byte === interpretAsCommand ? 'command' : 'data'
    case 'command':
      if (byte >= will && byte <= dont) return 'option'
      return byte === subnegotiationBegin ? 'subnegotiation' : 'data'
    case 'option':
      return 'data'
    case 'subnegotiation':
      return byte === interpretAsCommand ? 'subnegotiation command' : 'subnegotiation'
    case 'subnegotiation command':
      return byte === subnegotiationEnd ? 'data' : 'subnegotiation'
  }
}

/** A connection of a telnet client: tells it at once to send single bytes, and drops its commands from the input. */
export function telnetStream(stream: Duplex): Duplex {
  stream.write(opening)
  const filter = new TelnetFilter()
  return forwardedStream(stream, { start: (sink) => stream.start(filtered(sink, filter)) })
}

function filtered(sink: DuplexSink, filter: TelnetFilter): DuplexSink {
  return {
    takesDescriptors: sink.takesDescriptors === true,
    data(chunk, descriptors) {
      const data = filter.filter(chunk)
      if (data.length > 0 || descriptors !== undefined) sink.data(data, descriptors)
    },
    drain: () => sink.drain?.(),
    end: () => sink.end?.(),
    closed: (reason) => sink.closed?.(reason),
  }
}
