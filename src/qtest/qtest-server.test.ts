import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Board } from '../board/index.ts'
import { baseTypes, ObjectTree, QomObject, TypeTable } from '../qom/index.ts'
import { memoryPair } from '../transport/index.ts'
import { QtestLog, QtestServer } from './index.ts'

/** Ports that hold what was written to them, memory of a page, and time that steps. */
function fakeBoard(): Pick<Board, 'readPort' | 'writePort' | 'probe'> {
  const ports = new Map<number, number>()
  const memory = new Uint8Array(4096)
  let now = 0n
  return {
    readPort: async (port) => ports.get(port) ?? 0xff,
    writePort: async (port, _, value) => void ports.set(port, value),
    probe: {
      read: async (address, length) => memory.slice(Number(address), Number(address) + length),
      write: async (address, bytes) => memory.set(bytes, Number(address)),
      watchInterrupts: async () => undefined,
      setInterrupt: async () => undefined,
      time: {
        now: async () => now,
        goTo: async (point) => {
          now = point > now ? point : now
          return now
        },
        goToNextEvent: async () => {
          now += 100n
          return now
        },
      },
    },
  }
}

function serve() {
  const types = new TypeTable([...baseTypes, ...['ioapic', 'mc146818rtc'].map((name) => ({ name, parent: 'object' }))])
  const objectTree = new ObjectTree(types)
  objectTree.add('/', 'machine', new QomObject(types, 'container'))
  for (const name of ['ioapic', 'mc146818rtc']) objectTree.add('/machine', name, new QomObject(types, name))
  const server = new QtestServer({ board: fakeBoard() as Board, objectTree, log: new QtestLog('none') })
  const [near, far] = memoryPair()
  server.connection(near)
  let heard = ''
  far.start({
    data: (chunk) => {
      heard += chunk
    },
  })
  const until = async (text: string): Promise<string> => {
    while (!heard.endsWith(text)) await turn()
    return heard.slice(0, heard.length - text.length)
  }
  return { server, far, until, heard: () => heard }
}

test('answers each line in turn, however the bytes are cut', async () => {
  const lines = 'outb 0x70 0xab\ninb 0x70\nwritel 0x10 0x12345678\nread 0x10 0x5\nclock_step\nclock_set 50\nnonsense\n'
  const answers = "OK\nOK 0x00ab\nOK\nOK 0x7856341200\nOK 100\nOK 100\nFAIL Unknown command 'nonsense'\n"
  for (const size of [1, 7, lines.length]) {
    const { far, until } = serve()
    for (let at = 0; at < lines.length; at += size) far.write(lines.slice(at, at + size))
    assert.equal(await until(answers), '')
    far.destroy()
  }
})

test('tells of the interrupts of the one device that was asked for, as they change', async () => {
  const { server, far, until, heard } = serve()
  server.interruptLine(8, true)
  far.write('irq_intercept_out mc146818rtc\nirq_intercept_in ioapic\nirq_intercept_out /machine/nothing\n')
  await until('OK\nFAIL IRQ intercept already enabled\nFAIL Unknown device\n')
  const before = heard()
  for (const [line, asserted] of [
    [8, false], // it was low before, as far as the test knows
    [8, true],
    [5, true],
    [8, true],
    [8, false],
  ] as const)
    server.interruptLine(line, asserted)
  await until('IRQ raise 0\nIRQ lower 0\n')
  assert.equal(heard(), `${before}IRQ raise 0\nIRQ lower 0\n`)
  far.destroy()
})
