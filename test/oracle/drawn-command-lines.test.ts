import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from './peers.ts'

/** More by the environment: `VMON_COMMAND_LINES=1000`. */
const count = Number(process.env['VMON_COMMAND_LINES'] ?? 60)

const folder = mkdtempSync(join(tmpdir(), 'vmon-drawn-lines-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'text'), 'no kernel')
writeFileSync(join(folder, 'd.raw'), new Uint8Array(2 ** 20))
writeFileSync(join(folder, 'pc.conf'), '[machine]\n  type = "pc"\n\n[chardev "c"]\n  backend = "null"\n')
writeFileSync(join(folder, 'bad.conf'), 'type = "pc"\n')

const counts = fc.constantFrom('0', '1', '2', '3', '7')
const topology = fc
  .record(
    { cpus: counts, sockets: counts, dies: counts, clusters: counts, cores: counts, threads: counts },
    { requiredKeys: [] },
  )
  .map((words) => Object.entries(words).map(([name, value]) => `${name}=${value}`))
  .filter((words) => words.length > 0)
  .map((words) => ['-smp', words.join(',')])

const device = fc.constantFrom('PIIX4_PM', 'i8042', 'mc146818rtc', 'piix3-ide', 'isa-pit', 'isa-fdc', 'bogus', 'ide-hd')
const property = fc.constantFrom('bogus', 'disable_s3', 'base_year', 'lost_tick_policy', 'kbd-throttle', 'iobase')
const global = fc
  .record({ device, property, value: fc.constantFrom('x', '', 'maybe', '-') })
  .map(({ device, property, value }) => ['-global', `${device}.${property}=${value}`])

const others = fc.constantFrom(
  ...[
    ['-seed', '5'],
    ['-seed', '5x'],
    ['-dtb', 'nix'],
    ['-readconfig', 'pc.conf'],
    ['-readconfig', 'bad.conf'],
    ['-readconfig', 'nix'],
    ['-machine', 'graphics=off'],
    ['-machine', 'graphics=x'],
    ['-machine', 'nvdimm=on'],
    ['-machine', 'mem-merge=x'],
    ['-no-hpet'],
    ['-cpu', 'bogus'],
    ['-m', '1x'],
    ['-boot', 'z'],
    ['-boot', 'strict=x'],
    ['-rtc', 'base=x'],
    ['-uuid', 'x'],
    ['-initrd', 'nix'],
    ['-append', 'x'],
    ['-M', 'none'],
    ['-chardev', 'null,id=a'],
    ['-chardev', 'bogus,id=a'],
    ['-serial', 'null'],
    ['-mon', 'a'],
    ['-drive', 'if=none,id=d,file=d.raw,format=raw'],
    ['-device', 'ide-hd,drive=d'],
    ['-blockdev', 'raw,node-name=d'],
    ['-name', 'x=1'],
    ['-g', '1x1'],
    ['-rotate', '90'],
  ],
)

const lines = fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: others }, topology, global), {
  minLength: 1,
  maxLength: 4,
  selector: (words) => (words[0] === '-global' ? words.join(' ') : words[0]),
})

/** What is a difference of the machines, and not of the words: one CPU, and what cannot be otherwise. */
function isOurs(said: string): boolean {
  return / has no effect$|^Invalid SMP CPUs/m.test(said)
}

interface End {
  readonly said: string
  readonly status: number | null
}

test('command lines that are drawn end as on QEMU, with the same words', {
  skip: missingProgram('qemu-system-i386'),
}, async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(lines, async (options) => {
      const words = options.flat()
      const [theirs, ours] = await Promise.all([
        run('qemu-system-i386', words),
        run(process.execPath, [resolve('bin/vmon.js'), ...words]),
      ])
      if (isOurs(ours.said)) return
      compared++
      assert.deepEqual(ours, theirs, words.join(' '))
    }),
    { numRuns: count },
  )
  console.log(`command lines: ${compared} of ${count} compared`)
})

/** Starts a machine, lets it end at once, and tells what it has said and its status. */
async function run(program: string, words: readonly string[]): Promise<End> {
  const child = spawn(program, [...words, '-S', '-display', 'none', '-qmp', 'stdio'], {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdin.on('error', () => undefined) // it has ended already
  child.stdin.end('{"execute":"qmp_capabilities"}{"execute":"quit"}')
  const [status] = (await once(child, 'close')) as [number | null]
  return { said: said.trimEnd().replaceAll(/^(?:qemu|qemu-system-i386|vmon): ?/gm, ''), status }
}
