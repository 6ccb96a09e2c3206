import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { create, open, qemuImg, readByQemu, temporaryFolder } from './image-fixture.ts'
import { imageSize, loadStep, sectorSize } from './kill-load.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2-kill')
/** More by the environment: `VMON_KILLS=200`. */
const kills = Number(process.env['VMON_KILLS'] ?? 8)
const writer = fileURLToPath(new URL('./kill-writer.js', import.meta.url))

/**
 * Lets a process write, and kills it so many flushes after its first, and so many turns of this process's loop later.
 *
 * @returns the step that the last flush told of
 */
async function killed(path: string, first: number, flushes: number, turns: number): Promise<number> {
  const child = spawn(process.execPath, [writer, path, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let told = first
  let seen = 0
  const killLater = async (): Promise<void> => {
    for (let left = turns; left > 0; left--) await turn()
    child.kill('SIGKILL')
  }
  for await (const line of createInterface(child.stdout)) {
    told = Number(line)
    if (++seen === flushes) void killLater()
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return told
}

for (const [name, layout] of [
  ['counted', { clusterSize: 65536 }],
  ['lazily counted', { clusterSize: 4096, lazyRefcounts: true }],
] as const) {
  test(`an image whose writer is killed is sound, and has all that was flushed: ${name}`, { skip }, async () => {
    const path = join(folder, name.replace(' ', '-'))
    const base = `${path}.base`
    await create(base, { size: imageSize })
    {
      await using image = await open(base)
      await image.node.write(0, new Uint8Array(imageSize / 2).fill(7))
    }
    await create(path, { size: imageSize, ...layout, backing: { filename: base, format: 'qcow2' } })
    /** What each sector may hold: what was certain at the last kill, and what came after. */
    let sectors: number[][] = Array.from({ length: imageSize / sectorSize }, (_, at) => [
      at < imageSize / sectorSize / 2 ? 7 : 0,
    ])
    let first = 0
    for (let round = 0; round < kills / 2; round++) {
      const told = await killed(path, first, 1 + ((round * 7) % 11), (round * 7919) % 1009)
      const { code, out } = await qemuImg('check', '-f', 'qcow2', path)
      // 3: leaks alone. A lazily counted image is mended by whoever opens it.
      if (!('lazyRefcounts' in layout)) assert.ok(code === 0 || code === 3, out)
      // Long after the last flush nothing more can have been written than the batches until the next.
      for (let number = first; number < told + 60; number++) {
        const { offset, length, fill } = loadStep(number)
        for (let at = offset / sectorSize; at < (offset + length) / sectorSize; at++) {
          if (number < told) sectors[at] = [fill]
          else sectors[at]!.push(fill)
        }
      }
      const seen = await readByQemu(path)
      for (const [at, possible] of sectors.entries()) {
        const value = seen[at * sectorSize]!
        assert.ok(possible.includes(value), `sector ${at} holds ${value}, not one of ${possible.join(' ')}`)
      }
      sectors = sectors.map((_, at) => [seen[at * sectorSize]!])
      first = told + 60
    }
    await using image = await open(path)
    await image.node.write(0, Uint8Array.of(1))
    await image.close()
    const { code, out } = await qemuImg('check', '-f', 'qcow2', path)
    assert.ok(code === 0 || code === 3, out)
  })
}
