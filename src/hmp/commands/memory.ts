import { translate, type WalkedMemory } from '../../board/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { integerText } from '../integer-text.ts'
import { type DumpedMemory, dumpMemory } from '../memory-dump.ts'
import { kindAt, type MappedMemory } from '../memory-map.ts'

const command = hmpFamily<{
  guest: DumpedMemory & WalkedMemory
  cpus: { readonly count: number }
}>()

/** @throws {HmpError} always: guest memory lies in an array, which tells nobody where it is */
async function refuseHostAddress(
  { guest, cpus }: { guest: MappedMemory; cpus: { readonly count: number } },
  address: bigint,
  space: string,
): Promise<never> {
  const unsigned = BigInt.asUintN(64, address)
  const shown = `0x${unsigned.toString(16)}`
  const kind = cpus.count === 0 ? 'nothing' : await kindAt(guest, unsigned)
  if (kind === 'nothing') throw new HmpError(`No memory is mapped at address ${shown}`)
  if (kind === 'registers') throw new HmpError(`Memory at address ${shown} is not RAM`)
  throw new HmpError(`Memory at address ${shown} has no host ${space} address that is known`)
}

/** Memory is summed up in pieces of so many bytes. */
const chunkBytes = 1 << 20

/** Guest memory and numbers. */
export const memoryCommands = {
  x: command({
    args: 'fmt:/,addr:l',
    params: '/fmt addr',
    help: "virtual memory dump starting at 'addr'",
    run: ({ parts, print, wanted, signal }, { fmt, addr }) =>
      dumpMemory(parts.guest, 'virtual', fmt, addr, { print, wanted, signal, hasCpu: parts.cpus.count > 0 }),
  }),
  xp: command({
    args: 'fmt:/,addr:l',
    params: '/fmt addr',
    help: "physical memory dump starting at 'addr'",
    run: ({ parts, print, wanted, signal }, { fmt, addr }) =>
      dumpMemory(parts.guest, 'physical', fmt, addr, { print, wanted, signal, hasCpu: parts.cpus.count > 0 }),
  }),
  print: command({
    aliases: ['p'],
    args: 'fmt:/,val:l',
    params: '/fmt expr',
    help: 'print expression value (use $reg for CPU register access)',
    run: ({ print }, { fmt, val }) => print(`${integerText(fmt.format, val)}\n`),
  }),
  sum: command({
    args: 'start:i,size:i',
    params: 'addr size',
    help: 'compute the checksum of a memory region',
    async run({ parts, print, signal }, { start, size }) {
      // In 32 bits: a range that reaches the top of the address space is empty.
      const end = BigInt.asUintN(32, start + size)
      let sum = 0
      for (let at = start; at < end; at += BigInt(chunkBytes)) {
        signal.throwIfAborted()
        const length = Math.min(chunkBytes, Number(end - at))
        for (const byte of await parts.guest.readPhysical(Number(at), length))
          sum = (((sum >> 1) | (sum << 15)) + byte) & 0xffff
      }
      print(`${String(sum).padStart(5, '0')}\n`)
    },
  }),
  gva2gpa: command({
    args: 'addr:l',
    params: 'addr',
    help: 'print the guest physical address corresponding to a guest virtual address',
    async run({ parts, print }, { addr }) {
      if (parts.cpus.count === 0) throw new HmpError('No cpu')
      const address = Number(BigInt.asUintN(32, addr))
      const found = await translate(parts.guest, address)
      print(found === undefined ? 'Unmapped\n' : `gpa: ${integerText('x', found)}\n`)
    },
  }),
  gpa2hva: command({
    args: 'addr:l',
    params: 'addr',
    help: 'print the host virtual address corresponding to a guest physical address',
    run: ({ parts }, { addr }) => refuseHostAddress(parts, addr, 'virtual'),
  }),
  gpa2hpa: command({
    args: 'addr:l',
    params: 'addr',
    help: 'print the host physical address corresponding to a guest physical address',
    run: ({ parts }, { addr }) => refuseHostAddress(parts, addr, 'physical'),
  }),
  memsave: command({
    args: 'val:l,size:i,filename:s',
    params: 'addr size file',
    help: "save to disk virtual memory dump starting at 'addr' of size 'size'",
    async run({ qmp, parts, cpuIndex }, { val, size, filename }) {
      if (parts.cpus.count === 0) throw new HmpError('No CPU available')
      await qmp('memsave', { val, size, filename, 'cpu-index': cpuIndex })
    },
  }),
  pmemsave: command({
    args: 'val:l,size:i,filename:s',
    params: 'addr size file',
    help: "save to disk physical memory dump starting at 'addr' of size 'size'",
    run: async ({ qmp }, { val, size, filename }) => void (await qmp('pmemsave', { val, size, filename })),
  }),
}
