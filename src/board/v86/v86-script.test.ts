import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { sharedPortEntries } from './ports/shared-port-entries.ts'
import type { V86Emulator } from './v86-internals.ts'
import { loadV86, patchedScript } from './v86-script.ts'

test('each part of the script that is changed is there, and once', async () => {
  const script = await readFile(new URL('libv86.js', import.meta.resolve('v86')), 'latin1')
  const changed = patchedScript(script, sharedPortEntries)
  for (const [, ours] of sharedPortEntries) assert.ok(changed.includes(ours))
  const begin = "v86 is another one: it has 'x'"
  assert.throws(() => patchedScript('none', [['x', 'y']]), { message: `${begin} 0 times` })
  assert.throws(() => patchedScript('x x', [['x', 'y']]), { message: `${begin} 2 times` })
})

test('ports without a device have an entry together, which none of them can change, and others one of their own', async (t) => {
  const V86 = loadV86()
  const wasm_path = new URL('v86.wasm', import.meta.resolve('v86')).pathname
  const emulator = new V86({ wasm_path, autostart: false, memory_size: 2 << 20, vga_memory_size: 1 << 20 })
  t.after(() => emulator.destroy())
  await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()))
  const { io } = (emulator as unknown as V86Emulator).v86.cpu
  const [one, other, taken] = [0xabc0, 0xabc1, 0xabc2].map((port) => io.ports[port]!)
  assert.equal(one, other)
  assert.throws(() => Object.assign(one!, { read8: () => 1 }), TypeError)
  io.register_read(0xabc2, {}, () => 0x12)
  assert.notEqual(io.ports[0xabc2], taken)
  assert.deepEqual(
    [0xabc1, 0xabc2].map((port) => io.ports[port]!.read8(port)),
    [0xff, 0x12],
  )
  assert.ok(new Set(Object.values(io.ports)).size > 100)
})
