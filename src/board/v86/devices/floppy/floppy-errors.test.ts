import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awaitBit, in8, out8, sendAl } from '../../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../../test/guests/guest-board.ts'

const timeout = 60_000
const floppyBytes = 1474560
const controller = { output: 0x3f2, status: 0x3f4, data: 0x3f5 } as const
const [ready, toGuest] = [0x80, 0x40]

/** Lets DMA channel 2 move a sector, to or from 8000h. */
const program = (mode: number): number[] =>
  [
    [0x0a, 0x06],
    [0x0c, 0x00],
    [0x04, 0x00],
    [0x04, 0x80],
    [0x05, 0xff],
    [0x05, 0x01],
    [0x81, 0x00],
    [0x0b, mode],
    [0x0a, 0x02],
  ].flatMap(([port, value]) => out8(port!, value!))

/** Moves the first sector, and sends the three status bytes that the controller has for it. */
const transfer = (command: number, mode: number): number[] => [
  ...program(mode),
  ...[command, 0, 0, 0, 1, 2, 1, 0x1b, 0xff].flatMap((byte) => [
    ...awaitBit(controller.status, ready),
    ...out8(controller.data, byte),
  ]),
  ...awaitBit(controller.status, toGuest),
  ...[1, 2, 3].flatMap(() => [...in8(controller.data), ...sendAl]),
  ...[4, 5, 6, 7].flatMap(() => in8(controller.data)),
]
const start = [...out8(controller.output, 0x00), ...out8(controller.output, 0x1c)]
const senseReset = [1, 2, 3, 4].flatMap(() => [
  ...out8(controller.data, 0x08),
  ...in8(controller.data),
  ...in8(controller.data),
])

test('a transfer that the disk of a floppy drive fails is told to the guest as failed', { timeout }, async (t) => {
  const heard: string[] = []
  const failsOnce = (what: string): void => {
    heard.push(what)
    if (heard.filter((one) => one === what).length === 1) throw new Error('the disk fails')
  }
  const medium = {
    ...{ byteLength: floppyBytes, readOnly: false },
    read: async (_offset: number, length: number) => {
      if (running) failsOnce('read')
      return new Uint8Array(length)
    },
    write: async () => failsOnce('write'),
    flush: async () => undefined,
  }
  let running = false
  const [read, write] = [transfer(0x46, 0x46), transfer(0x45, 0x4a)]
  const { board, witness } = await guestBoard(t, [...start, ...senseReset, ...read, ...read, ...write, ...write], {
    drives: [{ slot: { bus: 'floppy', unit: 0 }, kind: 'floppy', medium }],
  })
  running = true
  await board.resume()
  const statuses = await witness.heard(12)
  // 40h: it has ended abnormally; 20h: the seek to the sector behind has ended.
  assert.deepEqual([...statuses], [0x40, 0, 0, 0x20, 0, 0, 0x60, 0, 0, 0x20, 0, 0])
  assert.deepEqual(heard, ['read', 'read', 'write', 'write'])
})
