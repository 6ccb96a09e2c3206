import type { MemoryFiles } from '../dump/index.ts'
import { example, family, int, nothing, opt, req, str } from '../qapi/index.ts'
import { cpuNumber } from './cpu-number.ts'

const command = family<{
  memoryFiles: Pick<MemoryFiles, 'saveVirtual' | 'savePhysical'>
  /** How many CPUs the machine has: 1, or 0 on the machine `none`. */
  cpus: { readonly count: number }
}>()

/** Guest memory in files. */
export const memoryCommands = {
  memsave: command({
    since: '0.14',
    doc: 'Save guest memory, as a CPU sees it through its page tables, to a file.',
    args: {
      val: req(int.wide, 'virtual address of the first byte'),
      size: req(int.wide, 'how many bytes to save'),
      filename: req(str, 'the file to write; raw bytes', { complete: 'file' }),
      'cpu-index': opt(int.wide, 'the CPU whose page tables translate the address (default 0)', { alias: ['cpu'] }),
    },
    returns: nothing,
    errors: [
      'GenericError, if there is no such CPU',
      'GenericError, if an address is not mapped',
      'GenericError, if the file cannot be written; it is removed then',
    ],
    examples: [
      example(
        'no such CPU',
        `
        -> { "execute": "memsave", "arguments": { "val": 10, "size": 100, "filename": "virtual-mem-dump", "cpu-index": 7 } }
        <- { "error": { "class": "GenericError", "desc": "Parameter 'cpu-index' expects a CPU number" } }`,
      ),
    ],
    async run({ memoryFiles, cpus }, { 'cpu-index': index = 0, ...range }, { signal }) {
      cpuNumber(index, cpus)
      await memoryFiles.saveVirtual({ ...range, signal })
      return {}
    },
  }),

  pmemsave: command({
    since: '0.14',
    doc: 'Save physical memory to a file. Where no memory is, zeros are saved.',
    args: {
      val: req(int.wide, 'physical address of the first byte'),
      size: req(int.wide, 'how many bytes to save'),
      filename: req(str, 'the file to write; raw bytes', { complete: 'file' }),
    },
    returns: nothing,
    errors: ['GenericError, if the file cannot be written; it is removed then'],
    examples: [
      example(
        'a folder that does not exist',
        `
        -> { "execute": "pmemsave", "arguments": { "val": 10, "size": 100, "filename": "/nonexistent/x" } }
        <- { "error": { "class": "GenericError", "desc": "Could not open '/nonexistent/x': No such file or directory" } }`,
      ),
    ],
    async run({ memoryFiles }, range, { signal }) {
      await memoryFiles.savePhysical({ ...range, signal })
      return {}
    },
  }),
}
