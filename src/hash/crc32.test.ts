import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from './crc32.ts'

describe('CRC-32', () => {
  it('is what PNG files end with, and goes on where it stopped', () => {
    assert.equal(crc32(Buffer.from('IEND')), 0xae426082)
    assert.equal(crc32(Buffer.from('ND'), crc32(Buffer.from('IE'))), 0xae426082)
    assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926)
    assert.equal(crc32(new Uint8Array(0)), 0)
  })
})
