import { OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'

/** What `-add-fd` takes. */
export const addFdKinds: OptionKinds = { fd: 'number', set: 'number', opaque: 'string' }

/** A descriptor that the program was started with, and the set that it is for. */
export interface PassedDescriptor {
  readonly fd: number
  readonly set: number
  readonly opaque: string | undefined
}

/** @throws {OptionError} if one of the numbers is missing or cannot be */
export function passedDescriptorOf(list: OptionList): PassedDescriptor {
  const [fd, set] = [list.number('fd'), list.number('set')].map((value) => BigInt.asIntN(64, value ?? -1n))
  if (fd! < 0n) throw new OptionError('fd option is required and must be non-negative')
  if (fd! <= 2n) throw new OptionError('fd cannot be a standard I/O stream')
  return { fd: Number(fd), set: checkedSet(set!), opaque: list.get('opaque') }
}

function checkedSet(set: bigint): number {
  if (set < 0n) throw new OptionError('set option is required and must be non-negative')
  return Number(set)
}
