import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { reasonText } from '../errno/index.ts'
import { type Duplex, NodeStreamsWire, WireDuplex } from '../transport/index.ts'
import { ChardevError } from './chardev-error.ts'

/**
 * Opens the named pipes `PATH.in` (to read from) and `PATH.out` (to write to); where they are not both there, the one
 * named `PATH` for both ways. All are opened for reading and writing, which waits for nobody on the other side.
 *
 * @throws {ChardevError} `open`, if neither can be opened
 */
export function openPipe(path: string): Duplex {
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
