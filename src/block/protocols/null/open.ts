import { BlockError } from '../../block-error.ts'
import { largestLength } from '../../largest-length.ts'
import type { OpenRequest, ProtocolDefinition } from '../../open/driver.ts'
import { NullDriver, type NullName, nullFilename } from './null-driver.ts'

const defaultSize = 2n ** 30n

/** A disk of zeroes that forgets what is written: for measuring everything above it. */
export const nullCo = nullProtocol('null-co')
/** The same, by the name of QEMU's other way to wait. */
export const nullAio = nullProtocol('null-aio')

function nullProtocol(name: NullName): ProtocolDefinition {
  return {
    name,
    prefix: name,
    parseFilename(filename) {
      checkFilename(name, filename)
      return { filename }
    },
    open: (request) => open(name, request),
  }
}

async function open(name: NullName, { options }: OpenRequest): Promise<NullDriver> {
  const filename = options.takeString('filename')
  if (filename !== undefined) checkFilename(name, filename)
  const given = options.pick(['size', 'read-zeroes'])
  const size = options.takeWideSize('size') ?? defaultSize
  const latencyNs = options.takeWideInteger('latency-ns') ?? 0n
  if (latencyNs >= 2n ** 63n) throw new BlockError('invalid', 'latency-ns is invalid', { option: 'latency-ns' })
  if (size > largestLength) {
    throw new BlockError('invalid', 'Could not refresh total sector count: File too large', { option: 'size' })
  }
  // Whether reads must give zeroes or may leave what was in the buffer: ours are always zeroes.
  options.takeBoolean('read-zeroes')
  return new NullDriver({
    name,
    size: Number(((size + 511n) / 512n) * 512n),
    latencyMs: Number(latencyNs) / 1e6,
    given,
  })
}

function checkFilename(name: NullName, filename: string): void {
  const only = nullFilename(name)
  if (filename === only) return
  throw new BlockError('invalid', `The only allowed filename for this driver is '${only}'`, { filename })
}
