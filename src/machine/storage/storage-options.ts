import { chardevHelp, chardevOptionKinds, readChardevOptions } from '../../chardev/index.ts'
import { BlockExportOptions, exportOf, NbdServerOptions, socketAddressOf } from '../../commands/index.ts'
import { OptionError, parseKeyval, parseOptionList } from '../../keyval/index.ts'
import { helpOfObject, ObjectOptions, optionsFromText } from '../../objects/index.ts'
import { bool, type ObjectType, oneOf, opt, QmpError, req, root, str, struct } from '../../qapi/index.ts'
import { readBlockdev } from '../settings/blockdevs.ts'
import { isJsonOption, parseJsonOption } from '../settings/json-option.ts'
import { isHelp } from '../settings/members.ts'
import { typedText } from '../settings/typed-text.ts'
import type { StorageDaemon } from './storage-daemon.ts'

/** Does what an option says. @returns the help that was asked for instead */
type Apply = (daemon: StorageDaemon, text: string) => Promise<string | undefined>

const MonitorOptions = struct('MonitorOptions', {
  id: opt(str, 'by which it is named'),
  mode: opt(oneOf('MonitorMode', ['readline', 'control']), 'what is spoken there'),
  pretty: opt(bool, 'whether answers have lines'),
  chardev: req(str, 'the character device'),
})

/**
 * What makes the parts of a storage daemon, by the names of its options; each takes effect where it stands.
 *
 * They throw errors of options and of the parts, in QEMU's words.
 */
export const storageOptions: Readonly<Record<string, Apply>> = {
  async blockdev(daemon, text) {
    await daemon.addNode(readBlockdev(text))
    return undefined
  },

  async chardev(daemon, text) {
    const list = parseOptionList(text, { kinds: chardevOptionKinds, impliedName: 'backend', help: true })
    if (isHelp(list.get('backend'))) return chardevHelp
    await daemon.addChardev(readChardevOptions(list.toRecord()))
    return undefined
  },

  async export(daemon, text) {
    await daemon.addExport(exportOf(read(BlockExportOptions, text, 'type')))
    return undefined
  },

  async monitor(daemon, text) {
    const { chardev, mode = 'control', pretty = false } = read(MonitorOptions, text, 'chardev')
    if (mode !== 'control') {
      daemon.checkChardev(chardev)
      throw new OptionError('Only QMP is supported')
    }
    daemon.addMonitor(chardev, pretty)
    return undefined
  },

  async 'nbd-server'(daemon, text) {
    const words = read(NbdServerOptions, text)
    await daemon.startServer({
      address: () => socketAddressOf(words.addr),
      tlsCreds: words['tls-creds'],
      tlsAuthz: words['tls-authz'],
      maxConnections: words['max-connections'],
    })
    return undefined
  },

  async object(daemon, text) {
    if (isJsonOption(text)) {
      await daemon.addObject(ObjectOptions.decode(parseJsonOption(text), root))
      return undefined
    }
    const { object, help } = parseKeyval(text, 'qom-type')
    if (help) return helpOfObject(String(object['qom-type']))
    await daemon.addObject(ObjectOptions.decode(optionsFromText(object), root))
    return undefined
  },
}

/** @param implied - the member whose name may be left out if it comes first @throws {OptionError} in QEMU's words */
function read<T>(type: ObjectType<T>, text: string, implied?: string): T {
  try {
    return type.decode(isJsonOption(text) ? parseJsonOption(text) : listOf(type, text, implied), root)
  } catch (error) {
    throw error instanceof QmpError ? new OptionError(error.message) : error
  }
}

function listOf(type: ObjectType<unknown>, text: string, implied: string | undefined): unknown {
  const { object, help } = parseKeyval(text, implied)
  if (help) throw new OptionError('Help is not available for this option')
  return typedText(type, object, '')
}
