import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { deferred } from '../async/index.ts'
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

function newServer(board = fakeBoard()): QtestServer {
  const types = new TypeTable([...baseTypes, ...['ioapic', 'mc146818rtc'].map((name) => ({ name, parent: 'object' }))])
  const objectTree = new ObjectTree(types)
  objectTree.add('/', 'machine', new QomObject(types, 'container'))
  for (const name of ['ioapic', 'mc146818rtc']) objectTree.add('/machine', name, new QomObject(types, name))
  return new QtestServer({ board: board as Board, objectTree, log: new QtestLog('none') })
}

function serve(server = newServer()) {
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

test('what a test has asked for before it left is done, and answered to nobody', async () => {
  const board = fakeBoard()
  const goOn = deferred()
  const server = newServer({
    ...board,
    readPort: async (port, size) => {
      await goOn.promise
      return board.readPort(port, size)
    },
  })
  const [near, far] = memoryPair()
  server.connection(near)
  far.write('inb 0x70\noutb 0x71 0x12\nread 0x0 0x800\n')
  while (far.buffered > 0) await turn()
  far.destroy()
  near.destroy()
  await near.closed
  const next = serve(server)
  next.far.write('inb 0x71\n')
  for (let count = 0; count < 20; count++) await turn()
  goOn.resolve()
  assert.equal(await next.until('OK 0x0012\n'), '')
  next.far.destroy()
})

test('who does not read its answers is not served further, until it reads', async () => {
  const board = fakeBoard()
  let reads = 0
  const server = newServer({
    ...board,
    probe: {
      ...board.probe,
      read: async (address, length) => {
        reads++
        return board.probe.read(address, length)
      },
    },
  })
  const [near, far] = memoryPair()
  server.connection(near)
  const wanted = 1000
  far.write('read 0x0 0x1000\n'.repeat(wanted))
  for (let count = 0; count < wanted; count++) await turn()
  assert.ok(reads < 100, `${reads} answers for nobody`)
  let heard = 0
  await new Promise<void>((resolve) =>
    far.start({
      data: ({ length }) => {
        heard += length
        if (heard === wanted * 'OK 0x\n'.length + wanted * 0x2000) resolve()
      },
    }),
  )
  far.destroy()
})

test('a line of megabytes comes together from small pieces', async () => {
  const { far, until } = serve()
  const bytes = 4 << 20
  far.write('write 0x0 0x4 0xabcdef')
  for (let at = 0; at < bytes; at += 1024) {
    far.write('ab'.repeat(512))
    if (at % (64 << 10) === 0) await turn()
  }
  far.write('\nread 0x0 0x4\n')
  assert.equal(await until('OK\nOK 0xabcdefab\n'), '')
  far.destroy()
})
