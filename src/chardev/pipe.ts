import { closeSync, constants, openSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import type { FileSource, OpenedFile } from '../descriptors/index.ts'
import { reasonText } from '../errno/index.ts'
import { type Duplex, NodeStreamsWire, WireDuplex } from '../transport/index.ts'
import { ChardevError } from './chardev-error.ts'

/**
 * Opens the named pipes `PATH.in` (to read from) and `PATH.out` (to write to); where they are not both there, the one
 * named `PATH` for both ways. All are opened for reading and writing, which waits for nobody on the other side.
 *
 * @throws {ChardevError} `open`, if neither can be opened
 */
export function openPipe(path: string, files?: FileSource): Duplex {
  const passed = openPassed(path, files)
  if (passed !== undefined) return openBothWays(path, passed)
  const [inbound, outbound] = openPair(path) ?? openOne(path)
  const single = inbound === outbound
  const input = new Socket({ fd: inbound, readable: true, writable: single })
  const output = single ? input : new Socket({ fd: outbound, readable: false, writable: true })
  const release = (): void => {
    input.destroy()
    output.destroy()
  }
  return new WireDuplex(new NodeStreamsWire({ input, output, release }), { kind: 'pipe' })
}

/** @throws {ChardevError} `open`, if the descriptor is of nothing that bytes flow through */
function openBothWays(path: string, { fd, closed }: OpenedFile): Duplex {
  let stream: Socket
  try {
    stream = new Socket({ fd, readable: true, writable: true })
  } catch (error) {
    closeSync(fd)
    closed()
    throw new ChardevError('open', `Could not open '${path}': it is neither a pipe nor a socket`, error)
  }
  stream.once('close', closed)
  const release = (): void => void stream.destroy()
  return new WireDuplex(new NodeStreamsWire({ input: stream, output: stream, release }), { kind: 'pipe' })
}

/** Opens a named pipe to write to, which waits for no reader. @throws {ChardevError} `open`, if it cannot be opened */
export function openPipeOut(path: string): Duplex {
  const [fd] = openOne(path)
  const output = new Socket({ fd, readable: false, writable: true })
  return new WireDuplex(new NodeStreamsWire({ output, release: () => output.destroy() }), { kind: 'pipe' })
}

/** Whether there is a named pipe. */
export function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO()
  } catch {
    return false // opening will tell
  }
}

function openPair(path: string): [number, number] | undefined {
  let inbound: number | undefined
  try {
    inbound = open(`${path}.in`)
    return [inbound, open(`${path}.out`)]
  } catch {
    if (inbound !== undefined) closeSync(inbound)
    return undefined
  }
}

/** A descriptor that was passed; of those, one for both ways is wanted. */
function openPassed(path: string, files: FileSource | undefined): OpenedFile | undefined {
  try {
    return files?.open(path, constants.O_RDWR)
  } catch (error) {
    throw new ChardevError('open', `Could not open '${path}': ${reasonText(error)}`, error)
  }
}

function openOne(path: string): [number, number] {
  try {
    const both = open(path)
    return [both, both]
  } catch (error) {
    throw new ChardevError('open', `Could not open '${path}': ${reasonText(error)}`, error)
  }
}

function open(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
}
