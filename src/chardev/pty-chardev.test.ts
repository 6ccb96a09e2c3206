import assert from 'node:assert/strict'
import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ReadStream } from 'node:tty'
import { pause } from '../async/index.ts'
import { loadLibc } from '../libc/index.ts'
import type { Duplex } from '../transport/index.ts'
import { openChardev } from './index.ts'

const skip = loadLibc() === undefined && 'the optional package koffi is missing'

/** A program that has the terminal open. */
class Program {
  readonly #terminal: ReadStream
  readonly #descriptor: number
  #shown = ''

  constructor(path: string) {
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY)
    this.#terminal = new ReadStream(this.#descriptor)
    this.#terminal.on('data', (chunk) => {
      this.#shown += chunk
    })
  }

  types(text: string): void {
    this.#terminal.write(text)
  }

  async sees(text: string): Promise<void> {
    while (this.#shown !== text) await turn()
  }

  leave(): Promise<void> {
    closeSync(this.#descriptor) // the stream has opened the terminal once more for itself
    return new Promise((resolve) => this.#terminal.once('close', resolve).destroy())
  }
}

test('each time that a program opens the terminal is a connection', { skip }, async () => {
  const before = readdirSync('/proc/self/fd').length
  const device = await openChardev({ label: 'p', backend: { type: 'pty' } })
  assert.match(device.filename, /^pty:\/dev\/pts\/\d+$/)
  const path = device.filename.slice('pty:'.length)
  const streams: Duplex[] = []
  let typed = ''
  device.attach({
    concurrent: true,
    connection(stream) {
      streams.push(stream)
      stream.start({
        data: (chunk) => {
          typed += chunk
        },
      })
      stream.write(`hello ${streams.length}\n`)
    },
  })
  await pause(1100) // it has looked once
  assert.equal(streams.length, 0)
  for (const visit of [1, 2]) {
    const program = new Program(path)
    await program.sees(`hello ${visit}\n`)
    program.types('\x03\r')
    while (typed.length < visit * 2) await pause(10)
    await program.leave()
    await streams[visit - 1]!.closed
  }
  assert.equal(typed, '\x03\r\x03\r')
  assert.equal(streams.length, 2)
  await device.close()
  await turn()
  assert.equal(readdirSync('/proc/self/fd').length, before)
  assert.throws(() => closeSync(openSync(path, constants.O_RDWR | constants.O_NOCTTY)), { code: /ENOENT|EIO/ })
})
