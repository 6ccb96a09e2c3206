import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import { patchTextDrawing, type VgaTextDrawing } from './vga-text-drawing.ts'

test('v86 draws no text for a screen that nobody looks at', async (t) => {
  const { v86 } = await bareV86<{
    v86: { cpu: { devices: { vga: VgaTextDrawing & { complete_redraw(): void; bus: { send(event: string): void } } } } }
  }>(t)
  const { vga } = v86.cpu.devices
  const drawn = (): number => {
    let cells = 0
    vga.bus.send = (event) => {
      if (event === 'screen-put-char') cells++
    }
    vga.complete_redraw()
    return cells
  }
  assert.equal(drawn(), 80 * 25)
  patchTextDrawing(vga)
  assert.equal(drawn(), 0)
})
