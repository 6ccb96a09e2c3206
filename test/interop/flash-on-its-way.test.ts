/** What a guest has written to flash memory goes with it, and comes back with a snapshot; so does what a chip is busy with. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findFirmware } from '../../src/board/index.ts'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { silent } from '../../src/log/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { ended, folder } from './migrating-machines.ts'

const keptBytes = 0x1_0000
const skip = missingProgram('qemu-img')

/** Commands of a chip. */
const [program, identify, plain] = [0x40, 0x90, 0xff]
/** What the chips of a PC say when they are asked: nobody. */
const manufacturer = 0

interface Images {
  readonly code: string
  readonly kept: string
  readonly disk: string
}

/** Firmware, flash that the guest writes, and a disk that has room for snapshots. */
async function images(directory: string): Promise<Images & { readonly codeBytes: number }> {
  const { bios } = findFirmware({ bios: undefined, folders: [] }, silent)
  const [code, kept, disk] = ['code', 'kept', 'disk'].map((name) => join(directory, name))
  await writeFile(`${code}.raw`, bios)
  await writeFile(`${kept}.raw`, Buffer.alloc(keptBytes, 0xff))
  for (const path of [code, kept])
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', `${path}.raw`, path!])
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', disk!, '1M'])
  return { code: code!, kept: kept!, disk: disk!, codeBytes: bios.length }
}

async function started(t: TestContext, { code, kept, disk }: Images, incoming?: string): Promise<RunningMachine> {
  const flash = [code, kept].map((file) => ({ file, format: 'qcow2', if: 'pflash' }))
  const vm = await startMachine({
    ...{ noDefaults: true, nics: 'none', memory: 16, paused: true, ...(incoming && { incoming }) },
    drives: [...flash, { file: disk, format: 'qcow2', if: 'ide' }],
  })
  t.after(() => vm.close())
  return vm
}

/** The chip that the guest writes, which lies below the firmware's. */
function chipOf({ machine }: RunningMachine, codeBytes: number) {
  const { probe } = machine.board
  const start = 2n ** 32n - BigInt(codeBytes + keptBytes)
  const tell = (offset: number, value: number): Promise<void> =>
    probe.write(start + BigInt(offset), Uint8Array.of(value))
  const read = async (offset: number): Promise<number> => (await probe.read(start + BigInt(offset), 1))[0]!
  const write = async (offset: number, value: number): Promise<void> => {
    for (const each of [program, value, plain]) await tell(offset, each!)
  }
  return { tell, read, write }
}

test('flash memory goes with a machine, with what its chip is busy with', { skip, timeout: 300_000 }, async (t) => {
  const directory = await folder(t)
  const { codeBytes, ...here } = await images(directory)
  const there = { code: `${here.code}-2`, kept: `${here.kept}-2`, disk: here.disk }
  for (const name of ['code', 'kept'] as const) await copyFile(here[name], there[name])
  const uri = `unix:${join(directory, 'way')}`
  const from = await started(t, here)
  const first = chipOf(from, codeBytes)
  await first.write(0x123, 0x5a)
  await first.tell(0, identify!)
  const to = await started(t, there, uri)
  await from.qmp.execute('migrate', { uri })
  assert.deepEqual(await Promise.all([ended(from), ended(to)]), ['completed', 'completed'])
  const second = chipOf(to, codeBytes)
  assert.equal(await second.read(0), manufacturer)
  await second.tell(0, plain!)
  assert.equal(await second.read(0x123), 0x5a)
  await to.close()
  execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', there.kept, `${there.kept}.raw`])
  const bytes = execFileSync('od', ['-An', '-tx1', '-j291', '-N2', `${there.kept}.raw`], { encoding: 'utf8' })
  assert.equal(bytes.trim(), '5a ff')
})

test('flash memory is there after a reset', { skip, timeout: 300_000 }, async (t) => {
  const { codeBytes, ...paths } = await images(await folder(t))
  const vm = await started(t, paths)
  const chip = chipOf(vm, codeBytes)
  await chip.write(0x123, 0x5a)
  await vm.qmp.execute('system_reset')
  await chip.write(0x124, 0x42)
  assert.deepEqual([await chip.read(0x123), await chip.read(0x124)], [0x5a, 0x42])
})

test('flash memory comes back with a snapshot of the machine', { skip, timeout: 300_000 }, async (t) => {
  const { codeBytes, ...paths } = await images(await folder(t))
  const vm = await started(t, paths)
  const chip = chipOf(vm, codeBytes)
  const human = (line: string): Promise<string> =>
    vm.qmp.execute('human-monitor-command', { 'command-line': line }) as Promise<string>
  await chip.write(0x123, 0x5a)
  assert.equal(await human('savevm before'), '')
  await chip.write(0x123, 0x42)
  await chip.write(0x200, 0)
  assert.equal(await chip.read(0x123), 0x42)
  assert.equal(await human('loadvm before'), '')
  assert.deepEqual([await chip.read(0x123), await chip.read(0x200)], [0x5a, 0xff])
})
