/** The door of boards for devices: the same for one that executes and one that does not. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { BoardWitness } from '../../src/board/board-witness.ts'
import { type Board, type BoardConfig, BoardError, createBoard, type NewDevice } from '../../src/board/index.ts'
import type { V86Board } from '../../src/board/v86/host.ts'
import { biosGuest, forever } from './bios-guest.ts'
import { devicesWithEcho } from './echo-device.ts'

const timeout = 300_000
const echo = (changes: Partial<NewDevice> = {}): NewDevice => ({
  ...{ key: 'e', model: 'echo', properties: { iobase: 0x700 }, place: { bus: 'ISA' } },
  ...changes,
})

async function boardOf(t: TestContext, kind: Board['kind'], changes: Partial<BoardConfig> = {}) {
  const witness = new BoardWitness()
  const config: BoardConfig = {
    ramBytes: 2 << 20,
    firmware: { bios: biosGuest(...forever()), vgaBios: undefined },
    bootOrder: 'c',
    drives: [],
    serialPorts: 0,
    vga: false,
    ...changes,
  }
  const board = await createBoard(kind, config, witness, devicesWithEcho)
  t.after(() => board.close())
  await board.ready
  return { board, witness }
}

/** Registers of the PCI bus: what has come, what is to leave, what the guest lets go of, what it may. */
const hotplug = { up: 0xae00, down: 0xae04, eject: 0xae08, removable: 0xae0c } as const
const inSlot = (slot: number, key = 'e', number = 0): NewDevice =>
  echo({ key, place: { bus: 'PCI', slot, function: number, id: key } })

/** Hears a device, and lets a test wait until it has said so much. */
function listener() {
  const said: unknown[] = []
  let look = (): void => undefined
  return {
    said,
    receive: (message: unknown) => {
      said.push(message)
      look()
    },
    closed: () => {
      said.push('closed')
      look()
    },
    heard: (count: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (said.length >= count) resolve()
        }
        look()
      }),
  }
}

for (const kind of ['none', 'v86'] as const)
  describe(`devices that are plugged into the board ${kind}`, () => {
    it('hear the guest and their other side, one byte or several at a time', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind)
      const port = listener()
      const device = await board.plug(echo(), port)
      await board.writePort(0x700, 2, 0x4241)
      await port.heard(2)
      assert.deepEqual(port.said, [
        { register: 0, value: 0x41 },
        { register: 1, value: 0x42 },
      ])
      device.send(Uint8Array.of(1, 2, 3, 0x84))
      assert.equal(await board.readPort(0x700, 4), 0x84030201)
      assert.deepEqual([await board.readPort(0x703, 1), await board.readPort(0x704, 1)], [0x84, 0xff])
    })

    it('are there from the start, too, and a reset resets them', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind, { devices: [{ device: echo(), port: listener() }] })
      board.plugged('e').send(Uint8Array.of(7, 0, 0, 0))
      assert.equal(await board.readPort(0x700, 1), 7)
      await board.reset()
      assert.equal(await board.readPort(0x700, 1), 0)
    })

    it('have a place of their own on the PCI bus', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind)
      await board.plug(echo({ place: { bus: 'PCI', slot: 5, function: 0, id: 'five' } }), listener())
      const found = (await board.pci()).find(({ slot }) => slot === 5)
      assert.deepEqual([found?.id, found?.deviceId, found?.interruptPin], ['five', 5, 1])
    })

    it('go along with the state of the board, into one that has the same', { timeout }, async (t) => {
      const [one, other, without] = await Promise.all([1, 2, 3].map(() => boardOf(t, kind)))
      for (const { board } of [one!, other!]) await board.plug(echo(), listener())
      one!.board.plugged('e').send(Uint8Array.of(9, 8, 7, 6))
      const state = await one!.board.saveDevices()
      await other!.board.restoreDevices(state)
      assert.equal(await other!.board.readPort(0x700, 4), 0x06070809)
      await assert.rejects(without!.board.restoreDevices(state), {
        kind: 'state',
        message: `the state is of another board: its devices is ["echo"], this one's is []`,
      })
    })

    it('go when the guest lets go of them, with all that they had', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind)
      const [port, other] = [listener(), listener()]
      const device = await board.plug(inSlot(5), port)
      await board.plug(inSlot(6, 'f'), other)
      assert.equal(await board.readPort(hotplug.up, 4), 0x60)
      await board.requestUnplug('e')
      assert.equal(await board.readPort(hotplug.up, 4), 0x40)
      assert.equal(await board.readPort(hotplug.down, 4), 0x20)
      assert.deepEqual(port.said, [], 'it is there until the guest lets go')
      await board.writePort(hotplug.eject, 4, 0x20)
      await port.heard(1)
      assert.deepEqual(port.said, ['closed'])
      assert.equal(await board.readPort(hotplug.down, 4), 0)
      assert.deepEqual(
        (await board.pci()).flatMap(({ id }) => id ?? []),
        ['f'],
      )
      assert.throws(() => board.plugged('e'), { kind: 'configuration' })
      device.send(Uint8Array.of(1, 2, 3, 4)) // nobody hears it
      await board.plug(inSlot(5), listener())
      assert.deepEqual(
        (await board.pci()).flatMap(({ id }) => id ?? []),
        ['e', 'f'],
      )
      assert.deepEqual(other.said, [])
    })

    it('go by a reset when they were to go, those of a slot together, what came last first', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind)
      const gone: string[] = []
      const port = (key: string) => ({ receive: () => undefined, closed: () => void gone.push(key) })
      await board.plug(inSlot(7, 'a', 1), port('a'))
      await board.plug(inSlot(7, 'b'), port('b'))
      await board.plug(inSlot(6, 'c'), port('c'))
      await board.plug(inSlot(5, 'd'), port('d'))
      await board.requestUnplug('a')
      await board.requestUnplug('c')
      await board.reset()
      assert.deepEqual(gone, ['c', 'b', 'a'])
      assert.deepEqual(
        (await board.pci()).flatMap(({ id }) => id ?? []),
        ['d'],
      )
      assert.equal(await board.readPort(hotplug.up, 4), 0)
    })

    it('can be taken out at once, and the guest can let go of its own accord', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind)
      const [one, other] = [listener(), listener()]
      await board.plug(echo(), one)
      await board.plug(inSlot(9, 'f'), other)
      await assert.rejects(board.requestUnplug('e'), { kind: 'configuration' })
      await board.unplug('e')
      assert.deepEqual(one.said, ['closed'])
      assert.equal(await board.readPort(0x700, 1), 0xff)
      await board.writePort(hotplug.eject, 4, 1 << 9)
      await other.heard(1)
      await assert.rejects(board.unplug('f'), { kind: 'configuration' })
    })

    it('are in slots that the guest may let go of, unlike those of the PC itself', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind, { vga: true })
      assert.equal(await board.readPort(hotplug.removable, 4), 0xfffffff8)
      await board.writePort(hotplug.eject, 4, 0x06)
      assert.deepEqual(
        (await board.pci()).map(({ slot, function: number }) => [slot, number]),
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [1, 3],
          [2, 0],
        ],
      )
    })

    it('are still to go after a restore, in whatever order they came', { timeout }, async (t) => {
      const [one, other] = await Promise.all([1, 2].map(() => boardOf(t, kind)))
      const port = listener()
      await one!.board.plug(inSlot(5, 'a'), listener())
      await one!.board.plug(inSlot(4, 'b'), listener())
      await one!.board.requestUnplug('a')
      await other!.board.plug(inSlot(4, 'x'), listener())
      await other!.board.plug(inSlot(5, 'y'), port)
      await other!.board.restoreDevices(await one!.board.saveDevices())
      assert.equal(await other!.board.readPort(hotplug.down, 4), 0x20)
      await other!.board.reset()
      await port.heard(1)
      assert.deepEqual(port.said, ['closed'])
    })

    it('are refused if the board does not know them, or has one of that name', { timeout }, async (t) => {
      const { board } = await boardOf(t, kind)
      const refused = (device: NewDevice, message: string) =>
        assert.rejects(board.plug(device, listener()), (error) => {
          assert.ok(error instanceof BoardError)
          assert.deepEqual([error.kind, error.message], ['configuration', message])
          return true
        })
      await refused(echo({ model: 'nosuch' }), "this board cannot carry the device 'nosuch'")
      await board.plug(echo(), listener())
      await refused(echo(), "there is a device 'e' already")
      assert.throws(() => board.plugged('f'), { kind: 'configuration' })
    })
  })

it('a board that is built again after a failure has its devices again', { timeout }, async (t) => {
  const { board, witness } = await boardOf(t, 'v86', { devices: [{ device: echo(), port: listener() }] })
  const port = listener()
  await board.plug(echo({ key: 'f', properties: { iobase: 0x710 } }), port)
  await (board as V86Board).fail('throw').catch(() => undefined) // whether it is answered before is up to the threads
  await witness.told(1)
  await board.reset()
  await board.writePort(0x710, 1, 5)
  await port.heard(1)
  assert.deepEqual(port.said, [{ register: 0, value: 5 }])
  assert.equal(await board.readPort(0x700, 1), 0)
})

it('a board that is built again after a failure is without what was to leave', { timeout }, async (t) => {
  const { board, witness } = await boardOf(t, 'v86')
  const [leaving, asked, staying] = [listener(), listener(), listener()]
  await board.plug(inSlot(5, 'a'), leaving)
  await board.plug(inSlot(6, 'b'), asked)
  await board.plug(inSlot(7, 'c'), staying)
  await board.requestUnplug('a')
  await (board as V86Board).fail('throw').catch(() => undefined)
  await witness.told(1)
  await board.requestUnplug('b')
  await board.reset()
  assert.deepEqual([leaving.said, asked.said, staying.said], [['closed'], ['closed'], []])
  assert.deepEqual(
    (await board.pci()).flatMap(({ id }) => id ?? []),
    ['c'],
  )
})
