import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonStream } from '../json/index.ts'
import { type AnyCommand, type AnyEvent, type CommandTable, type Example, root } from '../qapi/index.ts'
import { commands, events, families } from './table.ts'

const table: [string, AnyCommand][] = Object.entries(commands)

test('every command belongs to one family, which documents it', () => {
  const documented = Object.values(families).flatMap((family) => Object.keys(family.commands))
  assert.deepEqual(documented, Object.keys(commands))
})

test('the events that a command names are declared', () => {
  const named = table.flatMap(([, { emits = [] }]) => emits)
  assert.deepEqual(
    named.filter((name) => !Object.hasOwn(events, name)),
    [],
  )
})

/** Their answers would fill pages: they are what docs/commands is made of. */
const endless = new Set([
  'query-chardev-backends',
  'query-commands',
  'query-events',
  'query-migrate-capabilities',
  'query-migrate-parameters',
  'query-qmp-schema',
  'x-query-irq',
  'x-query-jit',
  'x-query-ramblock',
  'x-query-roms',
])

test('every command has an example, but for those whose answer would fill pages', () => {
  assert.deepEqual(
    table.filter(([name, { examples }]) => endless.has(name) === examples.length > 0).map(([name]) => name),
    [],
  )
})

for (const [name, command] of table) {
  for (const example of command.examples as readonly Example[]) {
    test(`the example of ${name} (${example.title}) fits the declarations`, () => {
      const said = example.lines.map(({ from, text }) => ({ from, message: read(text) }))
      assert.ok(said.some(({ from, message }) => from === 'client' && message['execute'] === name))
      let asked: AnyCommand | undefined
      for (const { from, message } of said) {
        if (from === 'client') {
          asked = (commands as CommandTable)[message['execute'] as string]
          assert.ok(asked, `no such command: ${message['execute']}`)
          asked.arguments.decode(message['arguments'] ?? {}, root)
        } else if ('return' in message) asked!.returns.decode(message['return'], root)
        else if ('error' in message) assert.deepEqual(Object.keys(message['error'] as object), ['class', 'desc'])
        else fitsEvent(message)
      }
    })
  }
}

for (const [name, { examples }] of Object.entries(events)) {
  for (const example of examples) {
    test(`the example of ${name} fits the declaration`, () => {
      const message = read(example)
      assert.equal(message['event'], name)
      fitsEvent(message)
    })
  }
}

function fitsEvent(message: Readonly<Record<string, unknown>>): void {
  const event = (events as Readonly<Record<string, AnyEvent>>)[message['event'] as string]
  assert.ok(event, `no such event: ${message['event']}`)
  assert.equal('data' in message, event.data !== undefined)
  event.payload.decode(message['data'] ?? {}, root)
}

function read(text: string): Readonly<Record<string, unknown>> {
  const stream = new JsonStream()
  stream.feed(new TextEncoder().encode(`${text}\n`))
  const message = stream.next()
  assert.ok(message !== undefined && 'value' in message, text)
  return message.value as Readonly<Record<string, unknown>>
}
