import { OptionError } from '../../keyval/index.ts'
import { checkBlockSizes, checkGeometry } from '../block-properties.ts'
import type { PropertyValue } from '../properties.ts'
import { checkTransport } from '../virtio/properties.ts'

const mostDescriptors = 1024

/** Looks whether a disk can be as it was asked for. @throws {OptionError} in QEMU's words */
export function checkDisk(said: Readonly<Record<string, PropertyValue>>): void {
  const { 'num-queues': queues = 1, 'queue-size': size = 256, scsi } = said
  if (Number(queues) === 0) throw new OptionError('num-queues property must be larger than 0')
  if (!isPowerOf2(Number(size)) || Number(size) <= 2 || Number(size) > mostDescriptors)
    throw new OptionError(`invalid queue-size property (${size}), must be a power of 2 (max ${mostDescriptors})`)
  checkBlockSizes(said)
  checkGeometry(said)
  checkTransport(said)
  if (scsi === true) throw new OptionError('Please set scsi=off for virtio-blk devices in order to use virtio 1.0')
}

const isPowerOf2 = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value))
