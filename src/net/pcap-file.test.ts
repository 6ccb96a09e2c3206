import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { PcapFile } from './pcap-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-pcap-'))
after(() => rmSync(folder, { recursive: true }))

function fifo(name: string): string {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  return path
}

/** All that a pipe has now. */
function drained(reader: number): Buffer {
  const pieces: Buffer[] = []
  const piece = Buffer.alloc(1 << 16)
  for (;;) {
    try {
      const length = readSync(reader, piece)
      if (length === 0) return Buffer.concat(pieces)
      pieces.push(Buffer.from(piece.subarray(0, length)))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      return Buffer.concat(pieces)
    }
  }
}

/** The numbers of the frames that stand behind the header, all of them whole. */
function numbersIn(bytes: Buffer): number[] {
  const numbers: number[] = []
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    assert.equal(bytes.readUInt32LE(at + 8), frameLength)
    assert.ok(at + 16 + frameLength <= bytes.length, 'half a record')
    numbers.push(bytes.readUInt32BE(at + 16))
  }
  return numbers
}

const frameLength = 1000
const frame = (number: number): Uint8Array => {
  const bytes = Buffer.alloc(frameLength)
  bytes.writeUInt32BE(number)
  return bytes
}

test('a reader of a pipe that is slow misses frames, gets the others whole, and then all again', async () => {
  const path = fifo('slow')
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const file = new PcapFile(path, 65_536)
  const many = 2000
  for (let number = 0; number < many; number++) {
    file.add(frame(number))
    if (number % 100 === 0) await turn()
  }
  let bytes = Buffer.alloc(0)
  for (let number = many; ; ) {
    bytes = Buffer.concat([bytes, drained(reader)])
    if (number > many && bytes.length > 0 && bytes.readUInt32BE(bytes.length - frameLength) === number - 1) break
    if (bytes.length > mostThatWaits) file.add(frame(number++))
    await turn()
    await turn()
  }
  file.close()
  closeSync(reader)
  const numbers = numbersIn(bytes)
  assert.ok(numbers.length > 100 && numbers.length < many)
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b)) // biome-ignore format: one line
})

/** When so much has been read, what was held has been sent. */
const mostThatWaits = 256 << 10

test('a pipe without a reader is refused, and one whose reader has gone is left', async () => {
  assert.throws(() => new PcapFile(fifo('alone'), 65_536), { code: 'ENXIO' })
  const path = fifo('left')
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const file = new PcapFile(path, 65_536)
  closeSync(reader)
  for (let number = 0; number < 1000; number++) file.add(frame(number))
  await turn()
  file.close()
})
