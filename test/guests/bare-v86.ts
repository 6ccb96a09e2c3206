import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { V86 } from 'v86'

/**
 * v86 as it is, without firmware and standing still, for tests of our patches; it ends with the test.
 *
 * @typeParam Machine - what the test uses of it, by v86's names
 */
export async function bareV86<Machine>(t: TestContext): Promise<Machine> {
  const wasm_path = fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86')))
  const emulator = new V86({ wasm_path, autostart: false, memory_size: 2 << 20, vga_memory_size: 1 << 20 })
  t.after(() => emulator.destroy())
  await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()))
  return emulator as unknown as Machine
}
