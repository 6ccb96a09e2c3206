import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { type Readable, Transform, type Writable } from 'node:stream'
import type { ReadStream } from 'node:tty'
import type { Duplex } from './duplex.ts'
import { NodeStreamsWire } from './node-streams-wire.ts'
import { WireDuplex } from './wire-duplex.ts'

/** The keys that a terminal would turn into signals, had it not been asked to pass all keys on. */
const signalKeys = new Map<number, NodeJS.Signals>([
  [0x03, 'SIGINT'],
  [0x1c, 'SIGQUIT'],
  [0x1a, 'SIGTSTP'],
])

/**
 * Standard input and output as one stream. A terminal passes every key on, unechoed; closing gives it back as it was.
 * The descriptors themselves stay open.
 *
 * @param signal - whether Ctrl-C, Ctrl-\ and Ctrl-Z on a terminal still are signals, and not data
 */
export function openStdio({ signal }: { readonly signal: boolean }): Duplex {
  const terminal = process.stdin.isTTY ? process.stdin : undefined
  terminal?.setRawMode(true)
  const input = terminal !== undefined && signal ? withoutSignalKeys(terminal) : process.stdin
  const wire = new NodeStreamsWire({
    input,
    output: standardOutput(),
    release() {
      terminal?.setRawMode(false)
      if (input !== process.stdin) process.stdin.unpipe()
      process.stdin.pause()
    },
  })
  return new WireDuplex(wire, { kind: 'stdio' })
}

function withoutSignalKeys(terminal: ReadStream): Readable {
  const filter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const byte of chunk) {
        const signal = signalKeys.get(byte)
        if (signal !== undefined) process.kill(process.pid, signal)
      }
      done(
        null,
        chunk.filter((byte) => !signalKeys.has(byte)),
      )
    },
  })
  return terminal.pipe(filter)
}

let outputSocket: Socket | undefined

/**
 * Standard output, but never blocking: where it is a pipe or a socket, Node's own `process.stdout` waits for a slow
 * reader, and everything with it.
 */
function standardOutput(): Writable {
  const stats = fstatSync(1)
  if (!stats.isFIFO() && !stats.isSocket()) return process.stdout
  outputSocket ??= new Socket({ fd: 1, readable: false, writable: true })
  return outputSocket
}
