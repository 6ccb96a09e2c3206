import { decodeNetdev, Netdev, netdevFromItems } from '../../commands/index.ts'
import type { PlannedNetwork } from '../../devices/index.ts'
import { OptionError, parseKeyval, parseOptionList } from '../../keyval/index.ts'
import { MacAddresses, type NetdevOptions } from '../../net/index.ts'
import type { Asked } from '../config.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'
import { typedText } from './typed-text.ts'

/** A back end that is asked for. */
export type NetdevConfig = { readonly options: NetdevOptions } & Asked

/** A card that is the machine's own: of -nic or -net, or the one that is there by default. */
export interface CardConfig {
  readonly model: string
  readonly mac: string
  /** The back end that it is joined with. */
  readonly netdev: string | undefined
}

/** What `-netdev help` prints. */
export const netdevHelp = 'Available netdev backend types:\nsocket\nhubport\nuser\n'

/** Kinds whose options QEMU takes as JSON has them, too. */
const modern = new Set(['stream', 'dgram'])

/**
 * Reads a `-netdev`.
 *
 * @throws {OptionError} in QEMU's words
 */
export function readNetdev(text: string): NetdevOptions {
  if (isJsonOption(text)) return decodeNetdev(parseJsonOption(text))
  const { object } = parseKeyval(text, 'type')
  if (modern.has(String(object['type']))) return decodeNetdev(typedText(Netdev, object, ''))
  const list = parseOptionList(text, { impliedName: 'type' })
  if (list.get('type') === undefined) throw new OptionError("Parameter 'type' is missing")
  if (list.id === undefined) throw new OptionError("Parameter 'id' is missing")
  return netdevFromItems(list.id, list.items)
}

/** What is said of networks, while it is being said. */
export class NetworkDraft {
  readonly #netdevs: NetdevConfig[] = []

  /** @throws {OptionError} in QEMU's words, if it cannot be so */
  netdev(text: string, origin: string): void {
    const options = readNetdev(text)
    if (this.#netdevs.some((other) => other.options.id === options.id))
      throw new OptionError(`Duplicate ID '${options.id}' for netdev`)
    this.#netdevs.push({ options, origin })
  }

  get netdevs(): readonly NetdevConfig[] {
    return this.#netdevs
  }
}

/** What devices on the command line are planned among. */
export class NetworkPlan implements PlannedNetwork {
  readonly #names: ReadonlySet<string>
  readonly #used = new Set<string>()
  readonly #macs = new MacAddresses()

  constructor(netdevs: readonly NetdevConfig[]) {
    this.#names = new Set(netdevs.map(({ options }) => options.id))
  }

  readonly use = (netdev: string, property: string): void => {
    if (!this.#names.has(netdev)) throw new OptionError(`Property '${property}' can't find value '${netdev}'`)
    if (this.#used.has(netdev))
      throw new OptionError(`Property '${property}' can't take value '${netdev}', it's in use`)
    this.#used.add(netdev)
  }

  readonly takeMac = (said: string | undefined): string => this.#macs.take(said)

  /** Back ends that nobody uses. */
  unused(): readonly string[] {
    return [...this.#names].filter((name) => !this.#used.has(name))
  }
}
