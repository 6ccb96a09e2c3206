import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkMapping, mappedBy } from './bitmap-mapping.ts'

const bitmap = { name: 'b', alias: 'in-stream' }
const node = { nodeName: 'n', alias: 'a', bitmaps: [bitmap] }

describe('a mapping of dirty bitmaps', () => {
  it('is read from either side', () => {
    assert.equal(mappedBy('name', [node]).get('n')?.bitmaps.get('b')?.alias, 'in-stream')
    assert.equal(mappedBy('alias', [node]).get('a')?.bitmaps.get('in-stream')?.name, 'b')
    assert.equal(mappedBy('name', [{ ...node, nodeName: '__proto__' }]).get('constructor'), undefined)
  })

  it('is refused in the words of QEMU where a name is none, or stands for two', () => {
    const long = 'é'.repeat(128)
    for (const [mapping, text] of [
      [[{ ...node, alias: '1a' }], "The node alias '1a' is not well-formed"],
      [[{ ...node, alias: 'a'.repeat(256) }], `The node alias '${'a'.repeat(256)}' is longer than 255 bytes`],
      [[{ ...node, nodeName: 'n'.repeat(32) }], `The node name '${'n'.repeat(32)}' is longer than 31 bytes`],
      [[node, { ...node, alias: 'c' }], "The node name 'n' is mapped twice"],
      [[node, { ...node, nodeName: 'm' }], "The node alias 'a' is used twice"],
      [[{ ...node, bitmaps: [{ ...bitmap, alias: long }] }], `The bitmap alias '${long}' is longer than 255 bytes`],
      [
        [{ ...node, bitmaps: [{ ...bitmap, name: 'b'.repeat(1024) }] }],
        `The bitmap name '${'b'.repeat(1024)}' is longer than 1023 bytes`,
      ],
      [[{ ...node, bitmaps: [bitmap, { ...bitmap, alias: 'c' }] }], "The bitmap 'n'/'b' is mapped twice"],
      [[{ ...node, bitmaps: [bitmap, { ...bitmap, name: 'c' }] }], "The bitmap alias 'a'/'in-stream' is used twice"],
    ] as const)
      assert.throws(() => checkMapping(mapping), {
        kind: 'request',
        message: `Invalid mapping given for block-bitmap-mapping: ${text}`,
      })
  })
})
