/** How kernel tests run: a kernel prints through -debugcon and ends the process with a status of its choice. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { testKernel } from '../../guests/test-kernel.ts'
import { type Program, qemu, vmon } from '../oracle/programs.ts'

const timeout = 300_000
const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index} of what a kernel prints\n`).join('')
let folder = ''

/** Runs a program to its end. */
function ran({ command: [file, ...words] }: Program, args: readonly string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: folder, encoding: 'latin1', maxBuffer: 1 << 26 } as const
    const child = execFile(file!, [...words, ...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin?.end()
  })
}

const machine = (kernel: string): string[] => [
  ...['-kernel', kernel, '-display', 'none', '-nodefaults', '-monitor', 'none', '-m', '16'],
  ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmon-kernel-tests-'))
  for (const value of [0, 16, 127, 128, 0x12345]) {
    await writeFile(join(folder, `kernel-${value}`), testKernel(`ends with ${value}\n`, value))
  }
  await writeFile(join(folder, 'chatty'), testKernel(lines, 3))
})
after(() => rm(folder, { recursive: true }))

for (const program of [vmon, qemu])
  describe(`kernel tests on ${program.name}`, { skip: program.skip }, () => {
    for (const [value, status] of [
      [0, 1],
      [16, 33],
      [127, 255],
      [128, 1],
      [0x12345, 0x8b],
    ] as const)
      it(`a kernel that ends with ${value} ends the process with status ${status}`, { timeout }, async () => {
        const { stdout, ...rest } = await ran(program, [...machine(`kernel-${value}`), '-debugcon', 'stdio'])
        assert.deepEqual({ ...rest, stdout }, { status, stdout: `ends with ${value}\n`, stderr: '' })
      })

    it('all that it has printed is there when it ends, however fast it prints', { timeout }, async () => {
      const { status } = await ran(program, [...machine('chatty'), '-debugcon', 'file:printed'])
      assert.equal(status, 7)
      assert.ok((await readFile(join(folder, 'printed'), 'latin1')) === lines, 'something is missing')
    })

    it('without the device it goes on; -no-shutdown does not keep one that ends', { timeout }, async () => {
      const { status } = await ran(program, [...machine('kernel-16'), '-no-shutdown', '-debugcon', 'null'])
      assert.equal(status, 33)
    })
  })
