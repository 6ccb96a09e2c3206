import { findOptionRom } from '../../board/index.ts'
import { decodeNetdev, Netdev, netdevFromItems } from '../../commands/index.ts'
import type { PlannedNetwork } from '../../devices/index.ts'
import { OptionError, parseKeyval, parseOptionList } from '../../keyval/index.ts'
import { MacAddresses, type NetdevOptions } from '../../net/index.ts'
import type { Asked } from '../config.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'
import { typedText } from './typed-text.ts'

/** A back end that is asked for; one of -net stays. */
export type NetdevConfig = { readonly options: NetdevOptions; readonly stays?: boolean } & Asked

/** What `-netdev help` prints. */
export const netdevHelp = 'Available netdev backend types:\nsocket\nstream\ndgram\nhubport\nuser\n'

/** Whether a `-netdev` asks what kinds there are. */
export function asksForHelp(text: string): boolean {
  return !isJsonOption(text) && /^(type=)?(help|\?)(,|$)/.test(text)
}

/** Kinds whose options QEMU takes as JSON has them, too. */
const modern = new Set(['stream', 'dgram'])

/**
 * Reads a `-netdev`.
 *
 * @param warn - hears of old forms
 * @throws {OptionError} in QEMU's words
 */
export function readNetdev(text: string, warn: (text: string) => void): NetdevOptions {
  if (isJsonOption(text)) return decodeNetdev(parseJsonOption(text))
  const { object } = parseKeyval(text, 'type')
  if (modern.has(String(object['type']))) return decodeNetdev(typedText(Netdev, object, ''))
  const list = parseOptionList(text, { impliedName: 'type', warn })
  if (list.get('type') === undefined) throw new OptionError("Parameter 'type' is missing")
  if (list.id === undefined) throw new OptionError("Parameter 'id' is missing")
  return netdevFromItems(list.id, list.items)
}

/** What devices on the command line are planned among. */
export class NetworkPlan implements PlannedNetwork {
  readonly #names: ReadonlySet<string>
  readonly #used = new Set<string>()
  readonly #macs = new MacAddresses()

  readonly romBytes: PlannedNetwork['romBytes']

  /** @param firmwareFolders - where boot loaders are, ahead of the usual places */
  constructor(netdevs: readonly NetdevConfig[], firmwareFolders: readonly string[]) {
    this.romBytes = (file) => findOptionRom(file, firmwareFolders)?.byteLength
    this.#names = new Set(netdevs.map(({ options }) => options.id))
  }

  readonly use = (netdev: string, property: string): void => {
    if (!this.#names.has(netdev)) throw new OptionError(`Property '${property}' can't find value '${netdev}'`)
    if (this.#used.has(netdev))
      throw new OptionError(`Property '${property}' can't take value '${netdev}', it's in use`)
    this.#used.add(netdev)
  }

  readonly takeMac = (said: string | undefined): string => this.#macs.take(said)
}
