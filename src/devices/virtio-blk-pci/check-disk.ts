import { OptionError } from '../../keyval/index.ts'
import type { PropertyValue } from '../properties.ts'
import { checkTransport } from '../virtio/properties.ts'

const mostDescriptors = 1024

/** Looks whether a disk can be as it was asked for. @throws {OptionError} in QEMU's words */
export function checkDisk(said: Readonly<Record<string, PropertyValue>>): void {
  const { 'num-queues': queues = 1, 'queue-size': size = 256, cyls = 0, heads = 0, secs = 0, scsi } = said
  if (Number(queues) === 0) throw new OptionError('num-queues property must be larger than 0')
  if (!isPowerOf2(Number(size)) || Number(size) <= 2 || Number(size) > mostDescriptors)
    throw new OptionError(`invalid queue-size property (${size}), must be a power of 2 (max ${mostDescriptors})`)
  for (const name of ['logical_block_size', 'physical_block_size']) {
    const block = Number(said[name] ?? 0)
    if (block !== 0 && !isPowerOf2(block))
      throw new OptionError(`Property .${name} doesn't take value '${block}', it's not a power of 2`)
  }
  if (Number(cyls) + Number(heads) + Number(secs) > 0) {
    const limits = { cyls: 65535, heads: 255, secs: 255 } as const
    for (const [name, most] of Object.entries(limits)) {
      const value = Number(said[name] ?? 0)
      if (value < 1 || value > most) throw new OptionError(`${name} must be between 1 and ${most}`)
    }
  }
  checkTransport(said)
  if (scsi === true) throw new OptionError('Please set scsi=off for virtio-blk devices in order to use virtio 1.0')
}

const isPowerOf2 = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value))
