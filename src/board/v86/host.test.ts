import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { forever, receive, send, sendAl } from '../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../test/guests/guest-board.ts'
import { BoardError } from '../board-error.ts'
import { kindIs } from '../board-suite.ts'
import type { Medium } from '../drive-config.ts'

const timeout = 60_000
const echo = [...send('>'), ...forever(...receive, ...sendAl)]

const reasons = {
  throw: /^a failure that was asked for$/,
  exit: /^the board's thread has ended with status 3$/,
  hang: /^the board's thread has not answered for \d+ seconds$/,
}

for (const how of ['throw', 'exit', 'hang'] as const) {
  test(`a worker that ends by '${how}' is told of once, with its reason, refuses calls, and lives again after a reset`, {
    timeout,
  }, async (t) => {
    const { board, witness } = await guestBoard(t, echo)
    await board.resume()
    await witness.heard(1)
    const waiting = assert.rejects(board.serial[0]!.write(new Uint8Array(1 << 20)), kindIs('crashed'))
    const failing = board.fail(how).catch(() => undefined)
    await witness.told(1)
    await Promise.all([waiting, failing])
    assert.deepEqual(witness.notices, ['crashed'])
    assert.equal(board.state, 'crashed')
    assert.match(witness.failures[0]!.message, reasons[how])
    await assert.rejects(board.registers(), (error: Error) => error.cause === witness.failures[0])
    await assert.rejects(board.registers(), kindIs('crashed'))
    await assert.rejects(board.resume(), kindIs('crashed'))
    await assert.rejects(board.readPhysical(0, 1), kindIs('crashed'))

    const before = witness.received
    await board.reset()
    assert.equal(board.state, 'paused')
    await board.resume()
    const heard = await witness.heard(before + 1)
    assert.equal(String.fromCharCode(heard[before]!), '>')
    assert.deepEqual(witness.notices, ['crashed'])
  })
}

test('a board that cannot be built again says so, refuses calls, and can be reset once its reason is gone', {
  timeout,
}, async (t) => {
  const good: Medium = {
    ...{ byteLength: 1474560, readOnly: true },
    read: async (_offset, length) => new Uint8Array(length),
    write: async () => undefined,
    flush: async () => undefined,
  }
  const unknown: Medium = {
    ...good,
    get byteLength(): number {
      throw new BoardError('configuration', 'nobody knows how long it is')
    },
  }
  const slot = { bus: 'floppy', unit: 0 } as const
  const drives = [{ slot, kind: 'floppy', medium: good }] as const
  const { board, witness } = await guestBoard(t, echo, { drives })
  await board.fail('throw').catch(() => undefined)
  await witness.told(1)
  await board.setMedium(slot, unknown)
  for (const reset of [board.reset(), board.reset()]) await assert.rejects(reset, /nobody knows how long it is|failed/)
  assert.equal(board.state, 'crashed')
  await assert.rejects(board.registers(), kindIs('crashed'))
  await assert.rejects(board.reset(), kindIs('configuration'))
  assert.equal(board.state, 'crashed')

  await board.setMedium(slot, good)
  await board.reset()
  assert.equal(board.state, 'paused')
  await board.resume()
  assert.equal(String(await witness.heard(1)), '>')
  assert.deepEqual(witness.notices, ['crashed'])
})

test('calls that wait are rejected when the board is closed', { timeout }, async (t) => {
  const { board } = await guestBoard(t, [])
  const waiting = board.serial[0]!.write(new Uint8Array(1 << 20))
  const refused = assert.rejects(waiting, kindIs('closed'))
  await board.registers()
  await board.close()
  await refused
})

test('calls that wait are rejected with the reason for which the board is closed', { timeout }, async (t) => {
  const { board } = await guestBoard(t, [])
  const reason = new Error('because')
  const refused = assert.rejects(board.serial[0]!.write(new Uint8Array(1 << 20)), reason)
  await board.registers()
  await board.close(reason)
  await refused
})

test('a CPU that waits for an interrupt is told as halted, behind its instruction', { timeout }, async (t) => {
  const { board, witness } = await guestBoard(t, [...send('>'), 0xfa, 0xf4])
  await board.resume()
  await witness.heard(1)
  let cpu = await board.cpu()
  while (!cpu.halted) cpu = await board.cpu()
  const code = await board.readPhysical(cpu.pc - 2, 2)
  assert.deepEqual(code, Uint8Array.of(0xfa, 0xf4), 'cli; hlt')
  assert.equal(cpu.pc, (await board.registers()).eip + 0xf0000)
})

test('the thread that is told as the CPU is the one that works while the guest does', { timeout }, async (t) => {
  const boards = await Promise.all([forever(0x90), forever(0x90)].map((code) => guestBoard(t, [...send('>'), ...code])))
  const [busy, standing] = await Promise.all(boards.map(async ({ board }) => (await board.cpu()).threadId))
  assert.notEqual(busy, standing)
  /** Processor time that a thread has used, in ticks of the system (proc(5): utime and stime). */
  const used = async (thread: number): Promise<number> => {
    const fields = (await readFile(`/proc/self/task/${thread}/stat`, 'latin1')).split(') ')[1]!.split(' ')
    return Number(fields[11]) + Number(fields[12])
  }
  const before = await used(busy!)
  const idle = await used(standing!)
  await boards[0]!.board.resume()
  while ((await used(busy!)) < before + 10) assert.equal((await boards[0]!.board.cpu()).halted, false)
  assert.ok((await used(standing!)) - idle < 10)
})
