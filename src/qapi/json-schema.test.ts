import assert from 'node:assert/strict'
import { test } from 'node:test'
import { any, bool, either, int, jsonSchemaOf, list, number, oneOf, opt, req, str, struct, union } from './index.ts'

test('a struct is an object whose members are named, described and, where they must be there, required', () => {
  const type = struct('T', { a: req(int, 'the a'), b: opt(list(number), 'the b'), c: opt(any, 'whatever') })
  assert.deepEqual(jsonSchemaOf(type), {
    type: 'object',
    properties: {
      a: { type: 'integer', description: 'the a' },
      b: { type: 'array', items: { type: 'number' }, description: 'the b' },
      c: { description: 'whatever' },
    },
    required: ['a'],
    additionalProperties: false,
  })
  assert.deepEqual(jsonSchemaOf(struct('E', {})), { type: 'object', properties: {}, additionalProperties: false })
})

test('words, alternates and unions are choices', () => {
  assert.deepEqual(jsonSchemaOf(oneOf('W', ['x', 'y'])), { type: 'string', enum: ['x', 'y'] })
  assert.deepEqual(jsonSchemaOf(either('A', { string: str, boolean: bool })), {
    anyOf: [{ type: 'string' }, { type: 'boolean' }],
  })
  const type = union('U', { base: {}, discriminator: 'kind', branches: { x: struct('X', { n: req(int, 'n') }) } })
  assert.deepEqual(jsonSchemaOf(type), {
    type: 'object',
    oneOf: [
      {
        type: 'object',
        properties: {
          kind: { const: 'x', description: 'which kind it is' },
          n: { type: 'integer', description: 'n' },
        },
        required: ['kind', 'n'],
        additionalProperties: false,
      },
    ],
  })
})
