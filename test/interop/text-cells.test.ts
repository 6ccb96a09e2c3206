import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePpm } from './ppm-picture.ts'
import { differingCells } from './text-cells.ts'

function screen(lit: readonly [x: number, y: number][]): Uint8Array {
  const rgb = new Uint8Array(90 * 32 * 3)
  for (const [x, y] of lit) rgb.fill(0xaa, (y * 90 + x) * 3, (y * 90 + x) * 3 + 3)
  return Buffer.concat([Buffer.from('P6\n90 32\n255\n'), rgb])
}

describe('comparing text screens', () => {
  it('names the cells that differ', () => {
    const [a, b] = [
      screen([]),
      screen([
        [0, 0],
        [89, 31],
        [88, 16],
      ]),
    ].map(parsePpm)
    assert.deepEqual(differingCells(a!, b!), ['0,0', '1,9'])
    assert.deepEqual(differingCells(b!, b!), [])
  })

  it('overlooks a cursor that blinks, but not two, and not a letter', () => {
    const [dark, cursor, letter, two] = [
      [],
      [
        [3, 13],
        [3, 14],
      ],
      [
        [3, 13],
        [3, 12],
      ],
      [
        [3, 13],
        [12, 13],
      ],
    ].map((lit) => parsePpm(screen(lit as [number, number][])))
    assert.deepEqual(differingCells(dark!, cursor!), [])
    assert.deepEqual(differingCells(dark!, letter!), ['0,0'])
    assert.deepEqual(differingCells(dark!, two!), ['0,0', '0,1'])
  })

  it('refuses what is no picture, or half of one', () => {
    assert.throws(() => parsePpm(Buffer.from('P5\n1 1\n255\n0')), /not a PPM/)
    assert.throws(() => parsePpm(screen([]).subarray(0, 100)), /bytes for 90x32/)
  })
})
