import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands, events } from '../../commands/index.ts'
import { schemaOf } from '../../qapi/index.ts'
import { LineError, readLine, splitWords } from './request-line.ts'

const schema = schemaOf(commands, events)
const read = (line: string): unknown =>
  JSON.parse(
    JSON.stringify(readLine(line, schema) ?? null, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)),
  )

const lines: [line: string, meaning: unknown][] = [
  ['', null],
  ['# nothing', null],
  ['query-status', { name: 'query-status' }],
  [
    'memsave val=0xf0000 size=16 filename=a.bin',
    { name: 'memsave', args: { val: '983040n', size: 16, filename: 'a.bin' } },
  ],
  [
    'memsave val=18446744073709551615 size=1 filename=7',
    { name: 'memsave', args: { val: '18446744073709551615n', size: 1, filename: '7' } },
  ],
  [
    'screendump filename="my file.png" format=png',
    { name: 'screendump', args: { filename: 'my file.png', format: 'png' } },
  ],
  [
    'send-key keys=[{"type":"qcode","data":"a"}] hold-time=5',
    { name: 'send-key', args: { keys: [{ type: 'qcode', data: 'a' }], 'hold-time': 5 } },
  ],
  ['send-key {"keys": ["ctrl", "alt"]}', { name: 'send-key', args: { keys: ['ctrl', 'alt'] } }],
  ['{"execute":"stop"}', { name: 'stop' }],
  ["{'execute':'send-key','arguments':{'keys':[]}}", { name: 'send-key', args: { keys: [] } }],
  ['unknown __proto__.polluted=1', { name: 'unknown', args: JSON.parse('{"__proto__": {"polluted": 1}}') }],
  ['unknown a.b=1 a.c=on d=text', { name: 'unknown', args: { a: { b: 1, c: 'on' }, d: 'text' } }],
]

for (const [line, meaning] of lines) {
  test(`'${line}' means ${JSON.stringify(meaning)}`, () => assert.deepEqual(read(line), meaning))
}

for (const line of ['memsave val', 'memsave val=x', '{"execute":', '{"id":1}', 'stop {', 'x a=1 a.b=2']) {
  test(`'${line}' means nothing, and the shell says why`, () => assert.throws(() => readLine(line, schema), LineError))
}

test('blanks in quotes, braces and brackets do not cut', () => {
  assert.deepEqual(splitWords(`a "b c" d='e f' g={"h": "i j"} k=[1, 2]`), [
    'a',
    'b c',
    'd=e f',
    'g={"h": "i j"}',
    'k=[1, 2]',
  ])
})
