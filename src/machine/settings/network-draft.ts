import { netdevFromItems } from '../../commands/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { type NetdevOptions, NetError, userNetConfig } from '../../net/index.ts'
import type { Asked } from '../config.ts'
import { ConfigError, inWordsOf } from '../config-error.ts'
import { type CardWish, cardModels, readCardMac } from './cards.ts'
import { isHelp } from './members.ts'
import { asksForHelp, type NetdevConfig, netdevHelp, readNetdev } from './networks.ts'

interface DraftSurroundings {
  /** Hears what is to be printed instead of a machine being built. */
  readonly answer: (help: { readonly text: string; readonly status: 0 }) => void
  /** Hears of old forms. */
  readonly warn: (text: string) => void
}

type Wished<T> = T & Asked

interface NicWish {
  readonly card: Pick<CardWish, 'model' | 'mac'>
  readonly options: NetdevOptions
}

/** Of -net: a card, or a back end, with the id that it was given. */
interface NetWish {
  readonly id: string | undefined
  readonly card?: Pick<CardWish, 'model' | 'mac' | 'addr' | 'vectors'> & { readonly netdev: string | undefined }
  readonly options?: NetdevOptions
}

/** The hub that -net puts everything on. */
const hubid = 0
/** What -net says, and -nic in other words. */
const oddAddress = 'NIC cannot have multicast MAC address (odd 1st byte)'
const highestVectors = 0x7ffffff
/** -nic takes no number of vectors, and gives its card none. */
const vectorsOfNic = 0
const usualCard = { model: undefined, mac: undefined, addr: undefined, netdev: undefined, vectors: undefined } as const
const cardOptions = ['netdev', 'macaddr', 'model', 'addr', 'vectors']

/** What is said of networks, while it is being said: -netdev, -nic and -net. */
export class NetworkDraft {
  readonly #answer: DraftSurroundings['answer']
  readonly #warn: DraftSurroundings['warn']
  readonly #netdevs: NetdevConfig[] = []
  readonly #nics: Wished<NicWish>[] = []
  readonly #nets: Wished<NetWish>[] = []
  #said = false

  constructor({ answer, warn }: DraftSurroundings) {
    this.#answer = answer
    this.#warn = warn
  }

  /** -netdev */
  netdev(text: string, origin: string): void {
    this.#said = true
    if (asksForHelp(text)) this.#answer({ text: netdevHelp, status: 0 })
    else
      inWordsOf(origin, () => {
        const options = readNetdev(text, this.#warnOf(origin))
        if (this.#netdevs.some((other) => other.options.id === options.id))
          throw new OptionError(`Duplicate ID '${options.id}' for netdev`)
        this.#netdevs.push({ options, origin })
      })
  }

  /** -nic: a card, and what is behind it. */
  nic(text: string, origin: string): void {
    this.#said = true
    inWordsOf(origin, () => {
      const list = parseOptionList(text, { impliedName: 'type', warn: this.#warnOf(origin) })
      const type = list.get('type') ?? 'user'
      if (type === 'none') return
      const model = this.#model(list.get('model'))
      const items = list.items.filter(([name]) => !['type', 'model', 'mac'].includes(name))
      const card = { model, mac: readCardMac(list.get('mac')) }
      this.#nics.push({ card, options: netdevFromItems(list.id ?? '', [['type', type], ...items]), origin })
    })
  }

  /** -net: a card, or a back end, on a hub. */
  net(text: string, origin: string): void {
    this.#said = true
    inWordsOf(origin, () => {
      const list = parseOptionList(text, { impliedName: 'type', warn: this.#warnOf(origin) })
      const type = list.get('type')
      if (type === undefined) throw new OptionError("Parameter 'type' is missing")
      if (type === 'none') return
      if (type === 'hubport') throw new OptionError("network backend 'hubport' is only supported with -netdev/-nic")
      const { id } = list
      if (type !== 'nic') {
        this.#nets.push({ id, options: netdevFromItems(id ?? '', list.items), origin })
        return
      }
      const unknown = list.items.find(([name]) => name !== 'type' && !cardOptions.includes(name))
      if (unknown !== undefined) throw new OptionError(`Invalid parameter '${unknown[0]}'`)
      const vectors = list.number('vectors')
      if (vectors !== undefined && vectors > highestVectors) throw new OptionError(`invalid # of vectors: ${vectors}`)
      const [model, mac] = [this.#model(list.get('model')), readCardMac(list.get('macaddr'), oddAddress)]
      const card = { model, mac, addr: list.get('addr'), netdev: list.get('netdev') }
      this.#nets.push({ id, card: { ...card, vectors: vectors === undefined ? undefined : Number(vectors) }, origin })
    })
  }

  /** Whether there is a `-netdev` of that id. */
  names(id: string): boolean {
    return this.#netdevs.some(({ options }) => options.id === id)
  }

  #warnOf(origin: string): (text: string) => void {
    return (text) => this.#warn(`${origin}: warning: ${text}`)
  }

  /** Whether anything was said, if only that there is none. */
  get said(): boolean {
    return this.#said
  }

  /** What a machine has of which nothing was said: a card and a network for users, on a hub. */
  addDefaults(): void {
    this.#nets.push({ id: undefined, card: usualCard, origin: undefined })
    this.#nets.push({ id: undefined, options: { id: '', type: 'user' }, origin: undefined })
  }

  /**
   * What was said, back ends and cards in the order in which QEMU makes them.
   *
   * @throws {ConfigError} in QEMU's words
   */
  plan(): { readonly netdevs: readonly NetdevConfig[]; readonly cards: readonly CardWish[] } {
    const names = new FreeNames()
    const netdevs: NetdevConfig[] = [...this.#netdevs]
    const cards: CardWish[] = []
    for (const { card, options, origin } of this.#nics) {
      const id = options.id === '' ? names.next() : options.id
      netdevs.push({ options: { ...options, id }, origin })
      cards.push({ ...card, addr: undefined, netdev: id, vectors: vectorsOfNic })
    }
    let ports = netdevs.filter(({ options }) => options.type === 'hubport' && options.hubid === hubid).length
    for (const { id: said, card, options, origin } of this.#nets) {
      const id = said ?? names.next()
      if (card?.netdev !== undefined) {
        if (!netdevs.some((other) => other.options.id === card.netdev))
          throw ConfigError.at(origin, `netdev '${card.netdev}' not found`)
        cards.push({ ...card, name: id, netdev: card.netdev })
        continue
      }
      const port = `hub${hubid}port${ports++}`
      if (options !== undefined) netdevs.push({ options: { ...options, id }, stays: true, origin })
      const hubport = { type: 'hubport', id: port, hubid, netdev: options && id } as const
      netdevs.push({ options: hubport, stays: true, origin })
      if (card !== undefined) cards.push({ ...card, name: id, netdev: port })
    }
    netdevs.forEach(checkAddresses)
    return { netdevs, cards }
  }

  #model(text: string | undefined): string | undefined {
    if (text !== undefined && isHelp(text))
      this.#answer({ text: `Supported NIC models:\n${cardModels().join('\n')}\n`, status: 0 })
    return text
  }
}

/** Names of what nobody has named: a number, and two digits that nobody foresees. */
class FreeNames {
  #next = 0

  next(): string {
    const digits = Math.floor(Math.random() * 100)
    return `#net${this.#next++}${String(digits).padStart(2, '0')}`
  }
}

/** Refuses addresses of user networks that do not fit together, before anything is said of who has no peer. */
function checkAddresses({ options, origin }: NetdevConfig): void {
  try {
    if (options.type === 'user') userNetConfig(options)
  } catch (error) {
    if (error instanceof NetError) throw ConfigError.at(origin, error.message, error)
    throw error
  }
}
