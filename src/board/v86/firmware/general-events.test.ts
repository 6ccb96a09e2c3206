import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silent } from '../../../log/index.ts'
import { findFirmware } from '../../firmware/firmware.ts'
import { freeGeneralEvent } from './general-events.ts'

const sum = (image: Uint8Array): number => image.reduce((total, byte) => total + byte, 0)

test('SeaBIOS lets go of the method of an event, with checksums as they were', () => {
  const { bios } = findFirmware({ bios: undefined, folders: [] }, silent)
  const image = bios.slice()
  const { offset, bytes } = freeGeneralEvent(image, 5)!
  assert.equal(Buffer.from(bytes).toString('latin1'), 'L_')
  assert.equal(Buffer.from(image.subarray(offset, offset + 4)).toString('latin1'), 'L_05')
  assert.equal(sum(image), sum(bios))
  assert.equal(freeGeneralEvent(image, 5), undefined)
})

test('other firmware stays as it is', () => {
  for (const text of ['', 'nothing', '\x14\x06_L05\0 and \x14\x06_L05\0']) {
    const image = new Uint8Array(Buffer.from(text, 'latin1'))
    assert.equal(freeGeneralEvent(image, 5), undefined)
    assert.equal(Buffer.from(image).toString('latin1'), text)
  }
})
