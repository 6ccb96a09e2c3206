import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wireLine } from './wire-line.ts'

test('every line ends with CR LF, in pretty mode too, and nothing inside a string does', () => {
  assert.equal(wireLine({ return: { name: 'a\nb' } }, false), '{"return": {"name": "a\\nb"}}\r\n')
  assert.equal(
    wireLine({ return: { name: 'a\nb' } }, true),
    '{\r\n    "return": {\r\n        "name": "a\\nb"\r\n    }\r\n}\r\n',
  )
  assert.equal(wireLine({ return: {} }, true), '{\r\n    "return": {\r\n    }\r\n}\r\n')
})
