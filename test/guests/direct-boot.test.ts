/** Kernels other than Linux that `-kernel` starts: what they are told, beside QEMU. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { elfKernel, flatKernel, loadAddress, report, reportBytes } from './kernel-guests.ts'
import { sentByKernel } from './run-kernel.ts'

const timeout = 300_000
const x8664 = 62
const pvhEntry = 18
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmon-kernels-'))
  const files: Record<string, Uint8Array | string> = {
    flat: flatKernel({ bssEnd: loadAddress + 0x1000 }),
    shifted: flatKernel({ offset: 0x400, bssEnd: loadAddress + 0x1000 }),
    elf: elfKernel({ multiboot: true }),
    pvh: elfKernel({ note: pvhEntry }),
    one: 'first module',
    'two,2': 'second\n'.repeat(1000),
    'high-load': flatKernel({ headerAddress: loadAddress - 4 }),
    'high-header': flatKernel({ headerAddress: loadAddress + 4 }),
    'short-load': flatKernel({ loadEnd: loadAddress - 1 }),
    'short-bss': flatKernel({ bssEnd: loadAddress + 1 }),
    'cut-off': flatKernel({ loadEnd: loadAddress + 0x10000 }),
    'for-64': elfKernel({ multiboot: true, machine: x8664 }),
    'for-arm': elfKernel({ multiboot: true, machine: 40 }),
    noteless: elfKernel(),
    'other-note': elfKernel({ note: pvhEntry + 1 }),
    'pvh-64': elfKernel({ note: pvhEntry, machine: x8664 }),
    text: 'no kernel',
    empty: '',
    old: new Uint8Array(8192),
  }
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
})
after(() => rm(folder, { recursive: true }))

const machine = ['-m', '64', '-display', 'none', '-nodefaults', '-monitor', 'none']

/** What a kernel sends, when it is started by a program. */
async function sent(program: Program, words: readonly string[]): Promise<Buffer> {
  const enough = (bytes: Buffer): boolean => bytes.length >= reportBytes
  return (await sentByKernel(program, { words, folder, enough })).subarray(0, reportBytes)
}

/** The map of the memory differs at its end, where the firmware has its tables, and so does the size of RAM. */
function comparable(bytes: Buffer): unknown {
  let at = 0
  const part = (length: number): Buffer => bytes.subarray(at, (at += length))
  const [registers, information, low, behind] = [
    part(report.registers),
    part(report.information),
    part(report.low),
    part(report.behind),
  ]
  return {
    registers: registers.toString('hex'),
    information: Buffer.concat([information.subarray(0, 8), information.subarray(12)]).toString('hex'),
    map: low.subarray(0, 24 * 3).toString('hex'),
    behind: behind.toString('latin1').replaceAll(/\0+/g, '\0'),
  }
}

describe('a multiboot kernel', { skip: missingProgram('qemu-system-i386'), timeout: 8 * timeout }, () => {
  for (const [title, words] of [
    ['with addresses in its header', ['-kernel', 'flat', '-append', 'one=1 two']],
    ['with addresses in its header, behind other bytes of the file', ['-kernel', 'shifted']],
    [
      'as an ELF file, with modules',
      ['-kernel', 'elf', '-append', 'x', '-initrd', 'one with arguments, and more,two,,2'.replace(', and', ',, and')],
    ],
  ] as const) {
    it(`is told the same as on QEMU: ${title}`, async () => {
      const [theirs, own] = [await sent(qemu, words), await sent(vmon, words)]
      assert.deepEqual(comparable(own), comparable(theirs))
      assert.equal(own.readUInt32LE(0), 0x2badb002)
      const upper = own.readUInt32LE(report.registers + 8)
      assert.ok(upper > 62 << 10 && upper < 63 << 10, `${upper} KiB above 1 MiB`)
    })
  }
})

it('a kernel with a PVH entry is told its command line, its RAM disk, the memory and the ACPI tables', {
  timeout,
}, async () => {
  const bytes = await sent(vmon, ['-kernel', 'pvh', '-append', 'hello', '-initrd', 'one'])
  const low = bytes.subarray(report.registers + report.information)
  const word = (address: number): number => low.readUInt32LE(address - 0x9000)
  const start = bytes.readUInt32LE(4)
  assert.deepEqual(
    [0, 4, 8, 12].map((place) => word(start + place)),
    [0x336ec578, 1, 0, 1],
  )
  const [modules, , , , rsdp] = [16, 20, 24, 28, 32, 36].map((place) => word(start + place))
  assert.equal(word(modules! + 8), 'first module'.length)
  assert.ok(rsdp! >= 0xe0000 && rsdp! < 0x100000, `the tables' root is at ${rsdp!.toString(16)}`)
  const [map, entries] = [word(start + 40), word(start + 48)]
  assert.ok(entries >= 5)
  assert.deepEqual(
    [0, 8, 16].map((place) => word(map + place)),
    [0, 0x9fc00, 1],
  )
})

const refusals: readonly (readonly [words: readonly string[], said: string])[] = [
  [['-kernel', 'high-load'], 'invalid load_addr address'],
  [['-kernel', 'high-header'], 'invalid header_addr address'],
  [['-kernel', 'short-load'], 'invalid load_end_addr address'],
  [['-kernel', 'short-bss'], 'invalid bss_end_addr address'],
  [['-kernel', 'cut-off'], 'fread() failed'],
  [['-kernel', 'for-64'], 'Cannot load x86-64 image, give a 32bit one.'],
  [['-kernel', 'for-arm'], 'Error while loading elf kernel'],
  [['-kernel', 'pvh-64'], 'Error while loading elf kernel'],
  [['-kernel', 'noteless'], 'Error loading uncompressed kernel without PVH ELF Note'],
  [['-kernel', 'other-note'], 'Error loading uncompressed kernel without PVH ELF Note'],
  [['-kernel', 'flat', '-initrd', 'one,absent x'], "Failed to open file 'absent'"],
  [
    ['-kernel', 'pvh', '-initrd', 'absent'],
    'error reading initrd absent: Failed to open file “absent”: open() failed: No such file or directory',
  ],
  [['-kernel', 'pvh', '-initrd', '.'], "error reading initrd .: Failed to map .' .': mmap() failed: No such device"],
  [['-kernel', 'text'], 'invalid kernel header'],
  [['-kernel', 'empty'], "could not load kernel 'empty': No such file or directory"],
  [['-kernel', 'old', '-initrd', 'one'], 'linux kernel too old to load a ram disk'],
  [['-kernel', 'old', '-append', 'vga=purple'], "invalid 'vga=' kernel parameter."],
  [['-kernel', 'old', '-append', 'vga=0x314,x'], "invalid 'vga=' kernel parameter."],
]

for (const program of [qemu, vmon]) {
  it(`${program.name} refuses kernels in these words`, { skip: program.skip, timeout }, async () => {
    const found = await Promise.all(refusals.map(async ([words]) => [words, await said(program, words)]))
    assert.deepEqual(found, refusals)
  })
}

/** What a program says before it gives up, without its own name. */
function said({ command }: Program, words: readonly string[]): Promise<string> {
  const [program, ...first] = command
  return new Promise((done) => {
    const env = { ...process.env, LC_ALL: 'C.UTF-8' }
    const options = { cwd: folder, timeout, env }
    execFile(program!, [...first, ...machine, '-S', ...words], options, (_error, _stdout, stderr) => {
      done(stderr.trimEnd().replaceAll(/^(?:qemu|qemu-system-i386|vmon): /gm, ''))
    })
  })
}
