import { helpOfModel, listOfModels, namesOfModels } from '../../devices/index.ts'
import { OptionError, type OptionList, parseOptionList } from '../../keyval/index.ts'
import { matching, nothing } from '../complete.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{}>()

/** Devices that come and go. */
export const deviceCommands = {
  device_add: command({
    args: 'device:O',
    params: 'driver[,prop=value][,...]',
    help: 'add device, like -device on the command line',
    complete: (word, place) => (place === 1 ? matching(word, namesOfModels()) : nothing),
    async run({ qmp, print }, { device }) {
      const list = optionsOf(device, print)
      const driver = list.get('driver')
      if (driver === 'help' || driver === '?') return print(listOfModels())
      if (list.help && driver !== undefined) return print(helpOfModel(driver) ?? `Device '${driver}' not found\n`)
      await qmp('device_add', list.toRecord() as Parameters<typeof qmp<'device_add'>>[1] & {})
    },
  }),
  device_del: command({
    args: 'id:s',
    params: 'device',
    help: 'remove device',
    complete: (word, place, { devices }) => (place === 1 ? matching(word, devices()) : nothing),
    run: async ({ qmp }, { id }) => void (await qmp('device_del', { id })),
  }),
}

function optionsOf(text: string, print: (text: string) => void): OptionList {
  try {
    const warn = (said: string): void => print(`warning: ${said}\n`)
    return parseOptionList(text, { impliedName: 'driver', help: true, warn })
  } catch (error) {
    throw error instanceof OptionError ? new HmpError(error.message) : error
  }
}
