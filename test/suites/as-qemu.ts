/**
 * Loaded before vmon's bundle where one of QEMU's tests calls it by the name of a program of QEMU's, which is in
 * `VMON_AS`: messages name that program.
 *
 * Standard output that is no terminal's waits for the end of qemu-img and qemu-io, as C's does: errors come before it.
 */
import fs, { writeSync } from 'node:fs'

const name = process.env['VMON_AS'] ?? 'vmon'

/** The words of vmon that mean the other programs. */
const tools: ReadonlyMap<string, string> = new Map([
  ['qemu-img', 'img'],
  ['qemu-io', 'io'],
  ['qemu-nbd', 'nbd'],
  ['qemu-storage-daemon', 'storage'],
])

const tool = tools.get(name)
// What waits has been given the other name before.
if (tool === 'img' || tool === 'io') waitWithOutput()
renameMessages(tool === undefined ? /\bvmon(?=: )/g : new RegExp(`vmon ${tool}\\b`, 'g'))
// In the background it is started with the words that it has by then.
const again = process.env['VMON_DAEMON'] !== undefined
if (tool !== undefined) process.argv.splice(2, 0, ...(again ? [] : [tool]))

function renameMessages(ours: RegExp): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean
    stream.write = (chunk: unknown, ...rest: unknown[]) =>
      write(typeof chunk === 'string' ? chunk.replace(ours, name) : chunk, ...rest)
  }
}

function waitWithOutput(): void {
  let waiting = ''
  const tell = (): void => {
    const text = waiting
    waiting = ''
    writeAll(Buffer.from(text))
  }
  process.stdout.write = (chunk: unknown) => {
    waiting += String(chunk)
    // QEMU tells progress, and what is about to be made, at once.
    const urgent = /\r$|^Formatting |qemu-io> $/.test(waiting)
    if (waiting.length > 4096 || urgent) tell()
    return true
  }
  // What is written without the stream waits as well; `writeSync` as it was imported here is the system's.
  fs.writeSync = ((fd: number, bytes: Uint8Array, ...rest: number[]) => {
    if (fd !== 1) return writeSync(fd, bytes, ...rest)
    process.stdout.write(Buffer.from(bytes).toString())
    return bytes.byteLength
  }) as typeof fs.writeSync
  process.on('exit', tell)
  const kill = process.kill
  process.kill = (...target) => {
    tell()
    return kill.apply(process, target)
  }
}

/** A pipe that does not block is full until the other side reads. */
function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
