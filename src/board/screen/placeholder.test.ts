import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeholderPicture } from './placeholder.ts'

test('the message is drawn with the font that the video BIOS holds, in the middle of 640x480', () => {
  const bios = new Uint8Array(32768)
  const font = 0x1234
  bios.set([0x00, 0x00, 0x7e, 0x81, 0xa5, 0x81, 0x81, 0xbd, 0x99, 0x81, 0x81, 0x7e], font + 16)
  bios.fill(0xff, font + 'G'.charCodeAt(0) * 16, font + 'H'.charCodeAt(0) * 16)
  const { width, height, rgb } = placeholderPicture(bios)
  assert.deepEqual([width, height], [640, 480])
  // Only the first letter has dots in this font.
  const lit = rgb.reduce((count, byte) => count + (byte === 0xaa ? 1 : 0), 0)
  assert.equal(lit, 8 * 16 * 3)
  assert.equal(rgb[(224 * 640 + 144) * 3], 0xaa)
  assert.equal(rgb[(239 * 640 + 151) * 3], 0xaa)
})

test('without a video BIOS, or without a font in it, the picture is black', () => {
  for (const bios of [undefined, new Uint8Array(65536)]) {
    const { width, height, rgb } = placeholderPicture(bios)
    assert.equal(rgb.length, width * height * 3)
    assert.ok(rgb.every((byte) => byte === 0))
  }
})
