import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { qemuImg, readByQemu } from '../formats/qcow2/image-fixture.ts'
import { imageSize, loadStep, sectorSize } from '../formats/qcow2/kill-load.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
/** For each kind of job; more by the environment: `VMON_KILLS=50`. */
const kills = Number(process.env['VMON_KILLS'] ?? 3)
const writer = fileURLToPath(new URL('./job-kill-writer.js', import.meta.url))
/** The most steps that can have been written since the last flush that was told of. */
const beyond = 16

interface Killed {
  /** What has been flushed: the steps before this one. */
  readonly told: number
  /** The image that the drive had then. */
  readonly image: string
}

/** Lets a process write during a job, and kills it so many flushes later, and so many turns of this process's loop. */
async function killed(
  folder: string,
  kind: string,
  { flushes, turns, speed }: { readonly flushes: number; readonly turns: number; readonly speed: number },
): Promise<Killed> {
  const env = { ...process.env, TMPDIR: folder }
  const child = spawn(process.execPath, [writer, folder, kind, '0', `${speed}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  })
  const exited = once(child, 'exit')
  let last: Killed = { told: 0, image: join(folder, 'top.qcow2') }
  let seen = 0
  const killLater = async (): Promise<void> => {
    for (let left = turns; left > 0; left--) await turn()
    child.kill('SIGKILL')
  }
  for await (const line of createInterface(child.stdout)) {
    const [told, image] = line.split(' ')
    last = { told: Number(told), image: image! }
    if (++seen === flushes) void killLater()
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return last
}

function makeChain(folder: string): number[][] {
  const file = (name: string): string => join(folder, `${name}.qcow2`)
  const create = (name: string, ...below: string[]): void => {
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...below, file(name), `${imageSize}`])
  }
  const fill = (name: string, ...commands: string[]): void => {
    execFileSync('qemu-io', ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), file(name)])
  }
  create('base')
  fill('base', `write -q -P 7 0 ${imageSize / 2}`)
  create('lower', '-b', file('base'), '-F', 'qcow2')
  fill('lower', 'write -q -P 8 1M 2M', 'write -q -P 8 20M 3M')
  create('top', '-b', file('lower'), '-F', 'qcow2')
  const at = (offset: number): number => {
    const mebibyte = Math.floor(offset / 2 ** 20)
    return (mebibyte >= 1 && mebibyte < 3) || (mebibyte >= 20 && mebibyte < 23) ? 8 : offset < imageSize / 2 ? 7 : 0
  }
  return Array.from({ length: imageSize / sectorSize }, (_, sector) => [at(sector * sectorSize)])
}

for (const kind of ['stream', 'commit', 'active', 'mirror', 'backup']) {
  test(`whoever is killed during a job of kind ${kind} leaves sound images with all that was flushed`, {
    skip,
    timeout: 300_000 + kills * 30_000,
  }, async () => {
    for (let round = 0; round < kills; round++) {
      const folder = mkdtempSync(join(tmpdir(), 'vmon-job-kill-'))
      try {
        const sectors = makeChain(folder)
        const speed = round % 2 === 0 ? 0 : 2 ** 23
        const { told, image } = await killed(folder, kind, {
          flushes: 1 + ((round * 13) % 37),
          turns: (round * 7919) % 2003,
          speed,
        })
        for (const name of ['base', 'lower', 'top', 'copy']) {
          const path = join(folder, `${name}.qcow2`)
          if (!existsSync(path)) continue
          const { code, out } = await qemuImg('check', '-f', 'qcow2', path)
          assert.ok(code === 0 || code === 3, `${name}: ${out}`) // 3: leaks alone
        }
        for (let number = 0; number < told + beyond; number++) {
          const { offset, length, fill } = loadStep(number)
          for (let at = offset / sectorSize; at < (offset + length) / sectorSize; at++) {
            if (number < told) sectors[at] = [fill]
            else sectors[at]!.push(fill)
          }
        }
        const seen = await readByQemu(image)
        for (const [at, possible] of sectors.entries()) {
          const value = seen[at * sectorSize]!
          const where = `round ${round}, ${told} steps: sector ${at} of ${image}`
          assert.ok(possible.includes(value), `${where} holds ${value}, not one of ${possible.join(' ')}`)
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
  })
}
