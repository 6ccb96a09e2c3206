import { mergeOptionLists, OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'

/** What `-m` takes; a size comes first without a name. */
export const memoryKinds: OptionKinds = { size: 'size', slots: 'number', maxmem: 'size' }

const mebibyte = 1 << 20
const defaultBytes = 128n * BigInt(mebibyte)
/** The emulator's address space for RAM ends here. */
const mostMebibytes = 2040

/**
 * Guest RAM in bytes, a multiple of 1 MiB: what was said last counts, a number without a suffix is in MiB, and nothing
 * or zero is the default.
 *
 * @param backend size of the object that is to be the RAM, if one is
 * @throws {OptionError} if that is more than there can be, or if memory is to be plugged in later
 */
export function ramBytesOf(lists: readonly OptionList[], machine: 'pc' | 'none', backend?: bigint): number {
  const list = mergeOptionLists(lists)
  const text = list.get('size')
  let bytes = list.size('size') ?? 0n
  if (text !== undefined && /[0-9]$/.test(text)) bytes *= BigInt(mebibyte)
  if (backend !== undefined && text !== undefined && bytes !== backend)
    throw new OptionError('Machine memory size does not match the size of the memory backend')
  if (bytes === 0n) bytes = backend ?? 0n
  if (bytes === 0n) bytes = machine === 'pc' ? defaultBytes : 0n
  checkPluggable(list, bytes)
  const mebibytes = (bytes + BigInt(mebibyte - 1)) / BigInt(mebibyte)
  if (mebibytes > mostMebibytes) throw new OptionError(`at most ${mostMebibytes} MB RAM can be simulated`)
  return Number(mebibytes) * mebibyte
}

function checkPluggable(list: OptionList, bytes: bigint): void {
  const most = list.size('maxmem')
  const slots = list.number('slots')
  if (most === undefined && slots !== undefined) throw new OptionError('slots specified but no max-size')
  if (most === undefined) return
  const [mostHex, hex] = [most.toString(16), bytes.toString(16)]
  if (most < bytes)
    throw new OptionError(
      `invalid value of maxmem: maximum memory size (0x${mostHex}) must be at least the initial memory size (0x${hex})`,
    )
  if (slots === undefined || slots === 0n) return
  if (most === bytes)
    throw new OptionError(
      `invalid value of maxmem: memory slots were specified but maximum memory size (0x${mostHex}) is equal to the initial memory size (0x${hex})`,
    )
  throw new OptionError(`unsupported amount of memory slots: ${slots}`)
}
