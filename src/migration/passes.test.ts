import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Capabilities } from './capabilities.ts'
import type { Channel } from './channels/channel.ts'
import { takeMachine } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { defaultParameters } from './parameters.ts'
import { MigrationStatistics } from './statistics.ts'
import type { Pages } from './stream/ram-section.ts'
import type { MigratedBoard, MigratedConnections, MigratedGuest } from './surroundings.ts'

const pageBytes = 4096
const ramBytes = 64 * pageBytes

/** RAM that changes whenever it has been looked through, a number of times. */
class ChangingBoard implements MigratedBoard {
  readonly kind = 'none'
  readonly ramBytes = ramBytes
  readonly ram = Buffer.alloc(ramBytes)
  #known = Buffer.alloc(ramBytes)
  #changes: number

  constructor(changes = 0) {
    this.#changes = changes
  }

  async changedPages(address: number, length: number): Promise<Pages> {
    const found = this.#differing(address, length)
    const bytes = Buffer.concat(found.map((page) => this.ram.subarray(page, page + pageBytes)))
    this.#known = Buffer.from(this.ram)
    if (this.#changes-- > 0) for (let page = 0; page < 20; page++) this.ram[page * pageBytes + 5]!++
    return { addresses: Uint32Array.from(found), bytes }
  }

  async countChangedPages(address: number, length: number): Promise<number> {
    return this.#differing(address, length).length
  }

  async throttle(): Promise<void> {}

  async forgetPages(): Promise<void> {
    this.#known = Buffer.alloc(ramBytes)
  }

  async readPages(address: number, length: number): Promise<Pages> {
    return { addresses: Uint32Array.of(address), bytes: Buffer.from(this.ram.subarray(address, address + length)) }
  }

  async writePages(address: number, length: number): Promise<void> {
    this.ram.fill(0, address, address + length)
  }

  async overwritePages({ addresses, bytes }: Pages): Promise<void> {
    for (const [index, page] of addresses.entries())
      this.ram.set(bytes.subarray(index * pageBytes, (index + 1) * pageBytes), page)
  }

  async saveDevices(): Promise<Uint8Array> {
    return Uint8Array.of(1)
  }

  async restoreDevices(): Promise<void> {}

  #differing(address: number, length: number): readonly number[] {
    const found: number[] = []
    for (let page = address; page < address + length; page += pageBytes)
      if (!this.ram.subarray(page, page + pageBytes).equals(this.#known.subarray(page, page + pageBytes)))
        found.push(page)
    return found
  }
}

const guest: MigratedGuest = {
  state: 'running',
  running: true,
  beginHandover: async () => 'running',
  endHandover: async () => undefined,
  abandonHandover: async () => undefined,
  takeOver: async () => undefined,
  exit: () => undefined,
}
const disks = {
  handOver: async () => undefined,
  takeBack: async () => undefined,
  leave: async () => [],
  arrive: async () => [],
}

const connections = {
  takeOut: () => ({ list: [], takeBack: () => undefined, handOver: () => undefined }),
  come: () => undefined,
} satisfies MigratedConnections
const bitmaps = {
  leave: () => [],
  arrive: () => assert.fail('none come'),
}

/** A way that keeps what is sent, and gives it back. */
function keeping(): Channel & { readonly sent: Buffer } {
  let sent = Buffer.alloc(0)
  let at = 0
  return {
    answers: false,
    write: async (...pieces) => {
      sent = Buffer.concat([sent, ...pieces])
    },
    read: async (length) => sent.subarray(at, (at += length)),
    finish: async () => undefined,
    destroy: async () => undefined,
    get sent() {
      return sent
    },
  }
}

async function send(board: ChangingBoard, names: Parameters<Capabilities['set']>[0][number]['capability'][]) {
  const capabilities = new Capabilities()
  capabilities.set(names.map((capability) => ({ capability, state: true })))
  const channel = keeping()
  const statistics = new MigrationStatistics(ramBytes)
  const said: unknown[] = []
  await new Outgoing({
    ...{ board, guest, disks, bitmaps, connections, channel, capabilities, statistics },
    // No pass is short enough as long as anything has changed.
    parameters: () => ({ ...defaultParameters, downtimeLimit: 0, maxBandwidth: 0 }),
    stand: (status) => said.push(status),
    beginPass: () => said.push({ pass: ++statistics.passes }),
    emit: () => undefined,
    memoryBytes: async () => ramBytes,
    uuid: undefined,
    blockers: () => [],
    complain: () => undefined,
    signal: new AbortController().signal,
  }).run()
  return { channel, statistics, said }
}

describe('passes over RAM', () => {
  it('go on until nothing has changed, and the other side has the same', async () => {
    const board = new ChangingBoard(4)
    board.ram.fill(7, 10 * pageBytes, 12 * pageBytes)
    const { channel, statistics, said } = await send(board, ['events'])
    assert.deepEqual(said, [{ pass: 1 }, 'active', { pass: 2 }, { pass: 3 }, { pass: 4 }, { pass: 5 }, { pass: 6 }])
    assert.equal(statistics.normalPages, 2 + 4 * 20)
    const other = new ChangingBoard()
    other.ram.fill(9)
    assert.equal(await takeMachine(channel, { board: other, disks, connections, uuid: undefined }), 'running')
    assert.ok(other.ram.equals(board.ram))
  })

  it('send only differences of pages that were sent before, if that is switched on', async () => {
    const [plain, board] = [new ChangingBoard(10), new ChangingBoard(10)]
    for (const { ram } of [plain, board]) ram.fill(7, 0, 30 * pageBytes)
    const whole = await send(plain, [])
    const { channel, statistics } = await send(board, ['xbzrle'])
    const { cache } = statistics
    assert.ok(cache !== undefined)
    assert.deepEqual([cache.misses, cache.pages, cache.overflows], [20, 180, 0])
    assert.ok(channel.sent.length < whole.channel.sent.length / 3)
    const other = new ChangingBoard()
    await takeMachine(channel, { board: other, disks, connections, uuid: undefined })
    assert.ok(other.ram.equals(board.ram))
  })

  it('that end in a failure bring images and guest back, once the other side has let go of them', async () => {
    const done: string[] = []
    let held = 2
    const channel: Channel = {
      ...keeping(),
      finish: () => Promise.reject(new Error('the way is broken')),
      destroy: async () => void done.push('hung up'),
    }
    const sending = new Outgoing({
      board: new ChangingBoard(),
      guest: { ...guest, abandonHandover: async () => void done.push('goes on') },
      disks: {
        ...disks,
        handOver: async () => void done.push('handed over'),
        takeBack: async () => {
          if (held-- > 0) throw new Error('locked')
          done.push('taken back')
        },
      },
      bitmaps,
      connections: {
        ...connections,
        takeOut: () => ({ ...connections.takeOut(), takeBack: () => done.push('connections taken back') }),
      },
      channel,
      capabilities: new Capabilities(),
      statistics: new MigrationStatistics(ramBytes),
      parameters: () => defaultParameters,
      stand: () => undefined,
      beginPass: () => undefined,
      emit: () => undefined,
      memoryBytes: async () => ramBytes,
      uuid: undefined,
      blockers: () => [],
      complain: () => undefined,
      signal: new AbortController().signal,
    })
    await assert.rejects(sending.run(), { message: 'the way is broken' })
    assert.deepEqual(done, ['handed over', 'hung up', 'taken back', 'connections taken back', 'goes on'])
  })
})
