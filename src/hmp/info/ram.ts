import { hmpFamily } from '../hmp-command.ts'
import { type RamBlock, ramBlocksOf, type StoredMemory } from '../ram-blocks.ts'

/** An image that is not a device's own. */
export interface Rom {
  readonly name: string
  readonly bytes: number
  /** Where the firmware configuration device has it, if it is there and not in memory. */
  readonly folder?: string
}

/** Memory of the host behind guest RAM, as -object describes it. */
export interface MemoryBackend {
  readonly id: string
  readonly bytes: number
}

const topic = hmpFamily<{
  guest: StoredMemory & { readonly biosBytes: number }
  cpus: { readonly count: number }
  roms: () => Promise<readonly Rom[]>
  memoryBackends: readonly MemoryBackend[]
}>()

/** What memory consists of. */
export const ramTopics = {
  ramblock: topic({
    args: '',
    params: '',
    help: 'Display system ramblock information',
    async run({ parts, print }) {
      const head = `${'Block Name'.padStart(24)} ${'PSize'.padStart(8)}  ${'Offset'.padStart(18)} ${'Used'.padStart(18)} ${'Total'.padStart(18)}\n`
      const ramName = parts.memoryBackends[0]?.id ?? 'pc.ram'
      const blocks = await ramBlocksOf(parts.guest, { ramName, isPc: parts.cpus.count > 0 })
      print(head + blocks.map(blockText).join(''))
    },
  }),
  roms: topic({
    args: '',
    params: '',
    help: 'show roms',
    async run({ parts, print }) {
      for (const { name, bytes, folder } of await parts.roms()) {
        const place = folder === undefined ? `addr=${hex(2 ** 32 - bytes, 16)} ` : `fw=${folder}/${name} `
        print(`${place}size=0x${hex(bytes, 6)} ${folder === undefined ? 'mem=rom ' : ''}name="${name}"\n`)
      }
    },
  }),
}

function blockText({ name, offset, bytes }: RamBlock): string {
  const numbers = [offset, bytes, bytes].map((value) => `0x${hex(value, 16)}`).join(' ')
  return `${name.padStart(24)} ${'4 KiB'.padStart(8)}  ${numbers}\n`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
