import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Picture, PictureChanges } from '../board.ts'
import { ScreenChanges } from './screen-changes.ts'

const black = (width: number, height: number): Picture => ({ width, height, rgb: new Uint8Array(width * height * 3) })

/** The picture with a rectangle in another colour. */
function painted(
  { width, height, rgb }: Picture,
  x: number,
  y: number,
  right: number,
  bottom: number,
  colour: number,
): Picture {
  const copy = rgb.slice()
  for (let row = y; row < Math.min(bottom, height); row++) {
    copy.fill(colour, (row * width + Math.min(x, width)) * 3, (row * width + Math.min(right, width)) * 3)
  }
  return { width, height, rgb: copy }
}

/** Somebody who knows the picture by what has been told alone. */
class Viewer {
  since = 0
  picture = black(0, 0)

  take({ serial, width, height, whole, rectangles }: PictureChanges): void {
    if (whole) this.picture = black(width, height)
    assert.deepEqual([this.picture.width, this.picture.height], [width, height])
    for (const { x, y, width: across, height: down, rgb } of rectangles) {
      assert.equal(rgb.length, across * down * 3)
      for (let row = 0; row < down; row++) {
        const line = rgb.subarray(row * across * 3, (row + 1) * across * 3)
        this.picture.rgb.set(line, ((y + row) * width + x) * 3)
      }
    }
    this.since = serial
  }
}

const places = ({ rectangles }: PictureChanges): string[] =>
  rectangles.map(({ x, y, width, height }) => `${width}x${height}+${x}+${y}`)

test('the first look is at the whole picture, the next at nothing, then at the tiles that have changed', () => {
  const changes = new ScreenChanges()
  let picture = black(200, 40)
  const first = changes.look(picture, 0)
  assert.deepEqual([first.whole, places(first)], [true, ['200x40+0+0']])
  const none = changes.look(picture, first.serial)
  assert.deepEqual([none.whole, none.serial, places(none)], [false, first.serial, []])

  picture = painted(picture, 70, 20, 71, 21, 0xff)
  assert.deepEqual(places(changes.look(picture, none.serial)), ['64x16+64+16'])
  picture = painted(picture, 199, 39, 200, 40, 0xff)
  assert.deepEqual(places(changes.look(picture, none.serial)), ['64x16+64+16', '8x8+192+32'])
  picture = painted(picture, 60, 0, 130, 40, 0x80)
  const all = changes.look(picture, none.serial)
  assert.deepEqual(places(all), ['192x32+0+0', '200x8+0+32'])
  assert.deepEqual(places(changes.look(picture, all.serial)), [])
})

test('a picture of another size is told as a whole, to everybody once', () => {
  const changes = new ScreenChanges()
  const { serial } = changes.look(black(100, 100), 0)
  const other = changes.look(black(100, 101), serial)
  assert.equal(other.whole, true)
  assert.deepEqual(places(changes.look(black(100, 101), other.serial)), [])
  assert.equal(changes.look(black(100, 101), serial).whole, true)
  assert.equal(changes.look(black(100, 101), 12345).whole, true, 'a number from elsewhere')
})

test('viewers who look now and then rebuild the picture, whatever is painted', () => {
  const size = fc.tuple(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 50 }))
  const paint = fc.tuple(fc.nat(150), fc.nat(50), fc.nat(150), fc.nat(50), fc.nat(255))
  const step = fc.record({ size: fc.option(size, { freq: 8 }), paint, looks: fc.tuple(fc.boolean(), fc.boolean()) })
  fc.assert(
    fc.property(size, fc.array(step, { maxLength: 20 }), ([width, height], steps) => {
      const changes = new ScreenChanges()
      const viewers = [new Viewer(), new Viewer()]
      let picture = black(width, height)
      for (const { size: resized, paint, looks } of steps) {
        picture = painted(resized === null ? picture : black(...resized), ...paint)
        for (const [index, viewer] of viewers.entries()) {
          if (!looks[index]) continue
          viewer.take(changes.look(picture, viewer.since))
          assert.deepEqual(viewer.picture, picture)
        }
      }
    }),
  )
})
