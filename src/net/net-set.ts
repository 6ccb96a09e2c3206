import { type Announcement, Announcements } from './announcements.ts'
import { type NetBackend, openUser } from './backend.ts'
import { openDgram } from './dgram/open-dgram.ts'
import { Hub } from './hub.ts'
import { MacAddresses } from './mac-addresses.ts'
import { NetClient } from './net-client.ts'
import type { NetEnd } from './net-end.ts'
import { NetError } from './net-error.ts'
import type { NetdevOptions } from './netdev-options.ts'
import { openSocket } from './socket/open-socket.ts'
import { openStream, type StreamChanged } from './stream/open-stream.ts'
import type { OpenForwardDevice } from './user/guest-forward.ts'
import type { DecisionListener, PolicyDecision } from './user/policy/decision-teller.ts'
import type { UserNet } from './user/user-net.ts'

/** A card that is to be on the network. */
export interface CardWish {
  /** Its id, if it has one. */
  readonly id: string | undefined
  readonly model: string
  readonly mac: string
  /** The back end that it is to be joined with. */
  readonly netdev: string | undefined
  readonly end: NetEnd
}

export interface NetSurroundings {
  /** Hears who comes to streams, and who leaves. */
  readonly streamChanged?: StreamChanged
  /** Opens character devices that guests are to reach. */
  readonly openDevice?: OpenForwardDevice
  /** Hears what the policy of a network of our own says of connections. */
  readonly policyDecided?: PolicyDecided
  /** Somebody has come to a forwarded port for whom the guest is to run. */
  readonly wake?: (id: string) => void
}

/** @param id - of the back end; suppressed - how many decisions before this one have not been told */
export type PolicyDecided = (id: string, decision: PolicyDecision, suppressed: number) => void

const noDevice: OpenForwardDevice = async (_, label) => {
  throw new NetError('refused', `Could not open guest forwarding device '${label}'`)
}

interface Entry {
  readonly client: NetClient
  readonly backend: NetBackend | undefined
  /** Of a card. */
  readonly mac?: string
}

/** Back ends and cards, by their names, in the order in which they came. */
export class NetSet {
  /** Addresses of the cards. */
  readonly macs = new MacAddresses()
  #entries: Entry[] = []
  #hubs: Hub[] = []
  readonly #announcements = new Announcements()
  readonly #streamChanged: StreamChanged
  readonly #openDevice: OpenForwardDevice
  readonly #policyDecided: PolicyDecided
  readonly #wake: (id: string) => void
  /** Back ends that are being made, by their names. */
  readonly #opening = new Set<string>()

  constructor({
    streamChanged = () => undefined,
    openDevice = noDevice,
    policyDecided = () => undefined,
    wake = () => undefined,
  }: NetSurroundings = {}) {
    this.#streamChanged = streamChanged
    this.#openDevice = openDevice
    this.#policyDecided = policyDecided
    this.#wake = wake
  }

  /** The clients, in order. */
  list(): readonly NetClient[] {
    return this.#entries.map(({ client }) => client)
  }

  /** Networks of our own, in order. */
  users(): readonly { readonly client: NetClient; readonly user: UserNet }[] {
    return this.#entries.flatMap(({ client, backend }) =>
      backend?.user === undefined ? [] : [{ client, user: backend.user }],
    )
  }

  /** Hubs, the newest first. */
  hubs(): readonly Hub[] {
    return this.#hubs
  }

  /** The hub that a client is a port of, or is joined with. */
  hubOf(client: NetClient): Hub | undefined {
    return this.#hubs.find((hub) => hub.ports().some((port) => port === client || port === client.peer))
  }

  /** Whether there is a back end of that name. */
  hasBackend(id: string): boolean {
    return this.#entries.some(({ client }) => client.name === id && client.type !== 'nic') || this.#opening.has(id)
  }

  /** @throws {NetError} kind `refused`, in QEMU's words, if there is one of that name, or it cannot be had */
  async add(options: NetdevOptions, { stays = false }: { readonly stays?: boolean } = {}): Promise<void> {
    const { id } = options
    if (this.hasBackend(id)) throw new NetError('refused', `Duplicate ID '${id}'`)
    this.#opening.add(id)
    try {
      const entry = await this.#open(options)
      entry.client.stays = stays
      this.#entries.push(entry)
    } finally {
      this.#opening.delete(id)
    }
  }

  /** @throws {NetError} kind `not-found`, if there is no back end of that name; `refused`, in QEMU's words, if it stays */
  remove(id: string): void {
    const index = this.#entries.findIndex(({ client }) => client.name === id && client.type !== 'nic')
    if (index < 0) throw new NetError('not-found', id)
    if (this.#entries[index]!.client.stays) throw new NetError('refused', `Device '${id}' is not a netdev`)
    const [{ client, backend }] = this.#entries.splice(index, 1) as [Entry]
    backend?.close()
    client.close()
    // A card keeps the name of what it was joined with; its cable hangs loose.
    if (client.peer === undefined) return
    if (client.peer.type === 'nic') client.peer.setLink(false)
    else client.leave()
  }

  /**
   * Looks whether a card can be joined with a back end.
   *
   * @param property - that names it, with its model
   * @throws {NetError} kind `refused`, in QEMU's words
   */
  checkFree(id: string, property: string): void {
    const found = this.#entries.find(({ client }) => client.name === id && client.type !== 'nic')
    if (found === undefined) throw new NetError('refused', `Property '${property}' can't find value '${id}'`)
    if (found.client.peer !== undefined)
      throw new NetError('refused', `Property '${property}' can't take value '${id}', it's in use`)
  }

  /** A back end, by its name. */
  backend(id: string): NetClient | undefined {
    return this.#entries.find(({ client }) => client.name === id && client.type !== 'nic')?.client
  }

  /** Puts a card on the network. */
  attach({ id, model, mac, netdev, end }: CardWish): NetClient {
    const client = new NetClient(id ?? this.#freeName(model), 'nic')
    client.end = end
    client.info = () => `model=${model},macaddr=${client.filter?.mac ?? mac}`
    const backend = this.#entries.find((entry) => entry.client.name === netdev && entry.client.type !== 'nic')?.client
    this.#entries.push({ client, backend: undefined, mac })
    if (backend !== undefined && backend.peer === undefined) client.join(backend)
    return client
  }

  /** A card has gone; its back end is free again. */
  detach(client: NetClient): void {
    const mac = this.#entries.find((entry) => entry.client === client)?.mac
    if (mac !== undefined) this.macs.release(mac)
    this.#entries = this.#entries.filter((entry) => entry.client !== client)
    client.close()
    client.leave()
  }

  /** Cuts the cable of a client, or joins it. @throws {NetError} kind `not-found` */
  setLink(name: string, up: boolean): void {
    const client = this.#entries.find((entry) => entry.client.name === name)?.client
    if (client === undefined) throw new NetError('not-found', name)
    client.setLink(up)
    // What is behind a card stays as it is: the card feels it.
    if (client.peer?.type === 'nic') client.peer.setLink(up)
  }

  /** Lets cards tell the network where they are. */
  announce(announcement: Announcement): void {
    this.#announcements.start(announcement, () =>
      this.#entries.flatMap(({ client, mac }) => (mac === undefined ? [] : [{ client, mac }])),
    )
  }

  close(): void {
    this.#announcements.close()
    for (const { backend, client } of this.#entries.splice(0).reverse()) {
      backend?.close()
      client.close()
    }
  }

  /** As QEMU names cards without an id: by model, and by how many there are of it. */
  #freeName(model: string): string {
    const names = new Set(this.#entries.map(({ client }) => client.name))
    for (let number = 0; ; number++) if (!names.has(`${model}.${number}`)) return `${model}.${number}`
  }

  async #open(options: NetdevOptions): Promise<Entry> {
    switch (options.type) {
      case 'user': {
        const client = new NetClient(options.id, 'user')
        const decided: DecisionListener = (...decision) => this.#policyDecided(options.id, ...decision)
        const wake = (): void => this.#wake(options.id)
        return { client, backend: await openUser(client, options, { openDevice: this.#openDevice, decided, wake }) }
      }
      case 'socket': {
        const client = new NetClient(options.id, 'socket')
        return { client, backend: await openSocket(client, options) }
      }
      case 'stream': {
        const client = new NetClient(options.id, 'stream')
        return { client, backend: await openStream(client, options, this.#streamChanged) }
      }
      case 'dgram': {
        const client = new NetClient(options.id, 'dgram')
        return { client, backend: await openDgram(client, options) }
      }
      case 'hubport':
        return this.#openPort(options)
      case 'tap':
        throw new NetError('refused', tapComplaint(options))
      default:
        throw new NetError('refused', `network backend '${options.type}' is not compiled into this binary`)
    }
  }

  #openPort({ id, hubid, netdev }: Extract<NetdevOptions, { readonly type: 'hubport' }>): Entry {
    const peer = netdev === undefined ? undefined : this.#entries.find(({ client }) => client.name === netdev)?.client
    if (netdev !== undefined && (peer === undefined || peer.type === 'nic'))
      throw new NetError('refused', `netdev '${netdev}' not found`)
    if (peer?.peer !== undefined) throw new NetError('refused', `netdev '${netdev}' is already in use`)
    let hub = this.#hubs.find((one) => one.id === hubid)
    if (hub === undefined) this.#hubs.unshift((hub = new Hub(hubid)))
    const client = new NetClient(id, 'hubport')
    const remove = hub.add(client)
    if (peer !== undefined) client.join(peer)
    return { client, backend: { close: remove } }
  }
}

/** What QEMU would say of a tap first; there are none here. */
function tapComplaint({ fd, ...others }: Readonly<Record<string, unknown>>): string {
  const unfit = ['ifname', 'script', 'downscript', 'vnet_hdr', 'helper', 'queues', 'fds', 'vhostfds']
  if (fd !== undefined && unfit.some((name) => others[name] !== undefined))
    return 'ifname=, script=, downscript=, vnet_hdr=, helper=, queues=, fds=, and vhostfds= are invalid with fd='
  return "network backend 'tap' is not compiled into this binary"
}
