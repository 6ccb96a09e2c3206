import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bool,
  complete,
  either,
  family,
  int,
  list,
  type Member,
  nothing,
  type ObjectType,
  oneOf,
  opt,
  req,
  schemaOf,
  str,
  struct,
  union,
} from './index.ts'

const command = family<unknown>()
const plain = { since: '', doc: '', examples: [], returns: nothing, run: () => ({}) }

interface Options {
  readonly driver: 'raw' | 'qcow2'
}
const Options: ObjectType<Options> = union('Options', {
  base: { driver: req(oneOf('Driver', ['raw', 'qcow2']), '') },
  discriminator: 'driver',
  branches: {
    raw: struct('Raw', { size: opt(int, '') }),
    qcow2: struct('Qcow2', {
      'lazy-refcounts': opt(bool, ''),
      get file(): Member<string | Options, false> {
        return req(either('Ref', { string: str, object: Options }), '')
      },
    }),
  },
})
const schema = schemaOf(
  {
    'blockdev-add': command({ ...plain, args: Options }),
    block_resize: command({ ...plain, args: { device: opt(str, ''), size: req(int, ''), tags: opt(list(str), '') } }),
    'send-key': command({ ...plain, args: { address: req(struct('Address', { host: req(str, '') }), '') } }),
  },
  {},
)

const cases: [line: string, offered: string[]][] = [
  ['', ['block_resize', 'blockdev-add', 'send-key']],
  ['blockd', ['blockdev-add']],
  ['nosuch ', []],
  ['block_resize ', ['device=', 'size=', 'tags=']],
  ['block_resize size=1 ', ['device=', 'tags=']],
  ['block_resize d', ['device=']],
  ['block_resize size=', []],
  ['block_resize nosuch=', []],
  ['block_resize nosuch.', []],
  ['send-key a', ['address.']],
  ['send-key address.', ['address.host=']],
  ['blockdev-add ', ['driver=']],
  ['blockdev-add driver=', ['driver=raw', 'driver=qcow2']],
  ['blockdev-add driver=q', ['driver=qcow2']],
  ['blockdev-add driver=qcow2 ', ['lazy-refcounts=', 'file=', 'file.']],
  ['blockdev-add driver=qcow2 lazy-refcounts=t', ['lazy-refcounts=true']],
  ['blockdev-add driver=qcow2 file.', ['file.driver=']],
  ['blockdev-add driver=qcow2 file.driver=', ['file.driver=raw', 'file.driver=qcow2']],
  ['blockdev-add driver=qcow2 file.driver=raw file.', ['file.size=']],
  ['blockdev-add driver=qcow2 file.driver=qcow2 file.file.driver=raw file.file.s', ['file.file.size=']],
]

for (const [line, offered] of cases) {
  test(`'${line}' can become ${offered.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(complete(schema, line.split(' ')), offered)
  })
}
