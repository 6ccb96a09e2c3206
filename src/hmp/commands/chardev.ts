import {
  ChardevError,
  type ChardevOptions,
  chardevHelp,
  chardevOptionKinds,
  chardevTypes,
  readChardevOptions,
} from '../../chardev/index.ts'
import { OptionError, type OptionList, parseOptionList } from '../../keyval/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { type CompletionSources, type LineCompletion, matching, nothing } from '../complete.ts'
import type { HmpCall } from '../hmp-call.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import type { HmpParts } from '../table.ts'

const command = hmpFamily<Pick<HmpParts, 'chardevs'>>()
type ChardevCall = HmpCall<Pick<HmpParts, 'chardevs'>>

function completeLabel(word: string, place: number, { chardevs }: CompletionSources): LineCompletion {
  if (place !== 1) return nothing
  return matching(
    word,
    chardevs().map(({ label }) => label),
  )
}

function completeBuffer(word: string, place: number, { chardevs }: CompletionSources): LineCompletion {
  if (place !== 1) return nothing
  return matching(
    word,
    chardevs().flatMap(({ label, buffer }) => (buffer ? [label] : [])),
  )
}

/** Character devices that come, change and go. */
export const chardevCommands = {
  'chardev-add': command({
    args: 'args:s',
    params: 'args',
    help: 'add chardev',
    complete: (word, place) => (place === 1 ? matching(word, chardevTypes) : nothing),
    async run(call, { args }) {
      const { chardevs } = call.parts
      const list = readList(args)
      if (list.get('backend') === 'help' || list.get('backend') === '?') return call.print(chardevHelp)
      const options = optionsOf(call, list.toRecord())
      const { label } = options
      if (chardevs.has(label)) {
        const text = `attempt to add duplicate property '${label}' to object (type 'container')`
        throw new QmpError('GenericError', text)
      }
      await chardevs.add(options, call.signal)
      tellOfTerminal(call, options.mux === true ? `${label}-base` : label)
    },
  }),

  'chardev-change': command({
    args: 'id:s,args:s',
    params: 'id args',
    help: 'change chardev',
    complete: completeLabel,
    async run(call, { id, args }) {
      const { chardevs } = call.parts
      const list = readList(args)
      if (list.id !== undefined) throw new ChardevError('option', "Unexpected 'id' parameter")
      const options: ChardevOptions = optionsOf(call, { ...list.toRecord(), id })
      if (chardevs.isFree(id)) {
        await chardevs.remove(id)
        await chardevs.add(options, call.signal)
      } else await chardevs.change(id, () => options, call.signal)
    },
  }),

  'chardev-remove': command({
    args: 'id:s',
    params: 'id',
    help: 'remove chardev',
    complete: completeLabel,
    async run({ qmp }, { id }) {
      await qmp('chardev-remove', { id })
    },
  }),

  'chardev-send-break': command({
    args: 'id:s',
    params: 'id',
    help: 'send a break on chardev',
    complete: completeLabel,
    async run({ qmp }, { id }) {
      await qmp('chardev-send-break', { id })
    },
  }),

  ringbuf_write: command({
    args: 'device:s,data:s',
    params: 'device data',
    help: 'Write to a ring buffer character device',
    complete: completeBuffer,
    async run({ qmp }, { device, data }) {
      await qmp('ringbuf-write', { device, data })
    },
  }),

  ringbuf_read: command({
    args: 'device:s,size:i',
    params: 'device size',
    help: 'Read from a ring buffer character device',
    complete: completeBuffer,
    async run({ qmp, print }, { device, size }) {
      print(`${escaped(await qmp('ringbuf-read', { device, size: Number(size) }))}\n`)
    },
  }),
}

/** A list of options that cannot be read is complained of twice, as QEMU does. */
function readList(text: string): OptionList {
  try {
    return parseOptionList(text, { kinds: chardevOptionKinds, impliedName: 'backend' })
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new HmpError(`${error.message}\nError: Parsing chardev args failed`)
  }
}

function optionsOf({ monitor }: ChardevCall, keys: Readonly<Record<string, string>>): ChardevOptions {
  return readChardevOptions(keys, (name) => monitor.descriptors.takeNamed(name))
}

function tellOfTerminal({ parts, print }: ChardevCall, label: string): void {
  const terminal = parts.chardevs.list().find((device) => device.label === label && device.filename.startsWith('pty:'))
  if (terminal === undefined) return
  print(`char device redirected to ${terminal.filename.slice('pty:'.length)} (label ${label})\n`)
}

/** What a terminal would take for itself is told by number. */
function escaped(text: string): string {
  return text.replaceAll(/[\\\x01-\x08\x0b-\x1f\x7f]/g, (character) =>
    character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  )
}
