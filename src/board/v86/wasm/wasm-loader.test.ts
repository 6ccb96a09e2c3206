import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wasmLoader } from './wasm-loader.ts'
import { variables } from './wasm-patches.ts'

/** A module with memory that asks `env.NAME` for what its export `ask` gives: a number for a number. */
function asking(name: string): WebAssembly.Module {
  const text = (word: string): number[] => [word.length, ...Buffer.from(word)]
  const section = (id: number, ...bytes: number[]): number[] => [id, bytes.length, ...bytes]
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7f),
      ...section(2, 1, ...text('env'), ...text(name), 0, 0),
      ...section(5, 1, 0, 1),
      ...section(7, 2, ...text('ask'), 0, 0, ...text('memory'), 2, 0),
    ]),
  )
}

for (const [name, read] of [
  ['io_port_read8', 0xff],
  ['io_port_read16', 0xffff],
  ['io_port_read32', -1],
  ['mmap_read8', 0xff],
  ['mmap_read32', -1],
] as const) {
  test(`a device that throws reads as all ones (${name}), and each of its reasons is told once`, async () => {
    const told: string[] = []
    const loader = wasmLoader(
      asking(name),
      () => 0,
      (message) => told.push(message),
    )
    const device = (port: number): number => {
      if (port === 1) return 0x5a
      throw port === 2 ? new TypeError('nothing there') : 'HALT'
    }
    const { ask } = await loader.instantiate({ env: { [name]: device } })
    const answers = [1, 2, 2, 3, 1].map((port) => (ask as (port: number) => number)(port))
    assert.deepEqual(answers, [0x5a, read, read, read, 0x5a])
    assert.deepEqual(told, ['nothing there', 'HALT'])
  })
}

test("failures of v86's own code are no device's", async () => {
  const told: string[] = []
  const loader = wasmLoader(
    asking('mmap_write8'),
    () => 0,
    (message) => told.push(message),
  )
  const { ask } = await loader.instantiate({
    env: {
      mmap_write8: () => {
        throw new WebAssembly.RuntimeError()
      },
    },
  })
  assert.throws(() => (ask as (port: number) => number)(1), WebAssembly.RuntimeError)
  assert.deepEqual(told, [])
})

for (const [name, counts] of [
  ['io_port_read8', true],
  ['io_port_write32', true],
  ['mmap_read8', false],
] as const) {
  test(`${name} ${counts ? 'counts as many instructions, also after memory has grown' : 'counts as none'}`, async () => {
    const loader = wasmLoader(
      asking(name),
      () => 0,
      () => undefined,
    )
    const { ask, memory } = (await loader.instantiate({ env: { [name]: () => 0 } })) as {
      ask(port: number): number
      memory: WebAssembly.Memory
    }
    const counted = (): number => new Int32Array(memory.buffer)[variables.instructionCounter / 4]!
    ask(0x80)
    const first = counted()
    assert.equal(first > 10, counts)
    memory.grow(1)
    ask(0x80)
    assert.equal(counted(), 2 * first)
  })
}
