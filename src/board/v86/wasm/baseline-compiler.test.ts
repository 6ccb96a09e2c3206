import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** A function that adds up the numbers to its argument, in a loop. */
const loop = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0],
  ...[10, 27, 1, 25, 1, 1, 0x7f, 3, 0x40, 0x20, 1, 0x20, 0, 0x6a, 0x21, 1, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0],
  ...[0x0b, 0x20, 1, 0x0b],
]

/** The compilers that V8 takes for a module that works for long: made as the expression says, run when nothing is changed. */
async function compilers(expression: string): Promise<string[]> {
  const program = `
    import { compileBaseline } from ${JSON.stringify(new URL('baseline-compiler.js', import.meta.url).href)}
    const bytes = Uint8Array.from(${JSON.stringify(loop)})
    const { exports } = new WebAssembly.Instance(${expression})
    for (let call = 0; call < 2000; call++) exports.f(100000)
    await new Promise((resolve) => setTimeout(resolve, 200))`
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--trace-wasm-compilation-times', '--input-type=module', '--eval', program],
  ])
  return [...stdout.matchAll(/ using (\w+)/g)].map(([, name]) => name!)
}

test('a module of the guest is compiled once, and those of others as V8 likes', async () => {
  // V8 shares what it has made of the same bytes: a section that says nothing makes others of them
  const behind = '(compileBaseline(bytes), new WebAssembly.Module(Uint8Array.of(...bytes, 0, 2, 1, 97)))'
  const [own, others, afterwards] = await Promise.all(
    ['compileBaseline(bytes)', 'new WebAssembly.Module(bytes)', behind].map(compilers),
  )
  assert.deepEqual(own, ['Liftoff'])
  assert.deepEqual(others, ['Liftoff', 'TurboFan'])
  assert.deepEqual(afterwards, ['Liftoff', ...others!])
})
