import {
  BlockError,
  type DriveSet,
  driveFromOptions,
  type GraphControl,
  supportedDrivers,
  textOfBlockError,
} from '../../block/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{
  drives: Pick<DriveSet, 'add' | 'delete'> & { readonly graph: Pick<DriveSet['graph'], 'find'> }
  graph: Pick<GraphControl, 'add'>
}>()

/** QEMU's numbers of the interfaces that a drive can be for. */
const interfaceNumbers: Readonly<Record<string, number>> = {
  ide: 1,
  scsi: 2,
  floppy: 3,
  pflash: 4,
  mtd: 5,
  sd: 6,
  virtio: 7,
  xen: 8,
}

/** A place that every machine has. */
const anywhere = { interface: 'none', position: { bus: 0, unit: undefined, index: undefined } } as const

/** Drives that come and go while the machine is there. */
export const driveCommands = {
  drive_add: command({
    args: 'node:-n,pci_addr:s,opts:s',
    params:
      '[-n] [[<domain>:]<bus>:]<slot>\n[file=file][,if=type][,bus=n]\n[,unit=m][,media=d][,index=i]\n' +
      '[,snapshot=on|off][,cache=on|off]\n[,readonly=on|off][,copy-on-read=on|off]',
    help: 'add drive to PCI storage controller',
    async run({ parts: { drives, graph }, print }, { node, opts }) {
      const warn = (text: string): void => print(`warning: ${text}\n`)
      const options = inItsWords(() => parseOptionList(opts, { warn }).toRecord())
      if (node) {
        if (options['node-name'] === undefined) throw new HmpError("'node-name' needs to be specified")
        return inItsWords(() => graph.add(options))
      }
      await inItsWords(async () => {
        const config = driveFromOptions(options, { warn })
        const { driver } = config.nodeOptions
        if (driver === 'help' || driver === '?') return print(supportedDrivers())
        const number = interfaceNumbers[config.interface]
        // What is wrong with a drive counts more than that it cannot be used.
        const { id } = await drives.add(number === undefined ? config : { ...config, ...anywhere })
        if (number === undefined) return print('OK\n')
        await drives.delete(id)
        throw new HmpError(`Can't hot-add drive to type ${number}`)
      })
    },
  }),
  drive_del: command({
    args: 'id:B',
    params: 'device',
    help: 'remove host block device',
    async run({ parts: { drives }, qmp }, { id }) {
      await inItsWords(async () => {
        if (drives.graph.find(id) === undefined) await drives.delete(id)
        else await qmp('blockdev-del', { 'node-name': id })
      })
    },
  }),
}

/** Failures of these commands are told without `Error:` before them. */
function inItsWords<T>(work: () => Promise<T>): Promise<T>
function inItsWords<T>(work: () => T): T
function inItsWords<T>(work: () => T | Promise<T>): T | Promise<T> {
  const told = (error: unknown): never => {
    if (error instanceof BlockError) throw new HmpError(textOfBlockError(error))
    if (error instanceof OptionError) throw new HmpError(error.message)
    throw error
  }
  try {
    const result = work()
    return result instanceof Promise ? result.catch(told) : result
  } catch (error) {
    return told(error)
  }
}
