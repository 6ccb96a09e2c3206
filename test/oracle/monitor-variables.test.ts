/** What expressions and memory dumps of the human monitor show of a guest that stands still, in every form, beside QEMU. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { realModeRegisters } from '../guests/register-guest.ts'
import { qemu, vmon } from './programs.ts'
import { Terminal } from './terminal.ts'

const segments = ['cs', 'ds', 'es', 'ss', 'fs', 'gs']
const registers = [
  ...['eax', 'ecx', 'edx', 'ebx', 'esp', 'sp', 'ebp', 'fp', 'esi', 'edi', 'eip', 'pc', 'eflags'],
  ...segments.flatMap((name) => [name, `${name}.base`, `${name}.limit`]),
]
const strangers = ['', 'ax', 'rax', 'r8', 'cr0', 'st0', 'xmm0', 'tr', 'cs.flags', 'cs.', 'EAX', 'eaxx', 'constructor']
const operations = ['+', '-', '*', '/', '%', '&', '|', '^'].map((sign) => `p $esi ${sign} ($ebx ${sign} 3)`)
const sizes = ['', 'b', 'h', 'w', 'g']
const formats = ['', 'x', 'd', 'u', 'o', 'c']
const dumps = ['x', 'xp'].flatMap((command) =>
  formats.flatMap((format) => sizes.flatMap((size) => [`${command} /5${format}${size} 0xf0003`])),
)
const prints = [...formats, 'i'].flatMap((format) => sizes.map((size) => `p /${format}${size} $edi`))
const lines = [
  ...[...registers, ...strangers].map((name) => `p $${name}`),
  ...[...operations, 'p -$eax', 'p ~$eax', 'p +$eax', 'p $eax $ebx', 'x /2xb $esp', 'x /2xh $pc'],
  ...dumps,
  ...prints,
]

describe('a guest that has set its registers and stands still', { skip: qemu.skip }, () => {
  test('has the same variables, and its memory is shown alike in all formats and sizes', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-variables-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const bios = join(folder, 'bios.bin')
    await writeFile(bios, realModeRegisters())
    const play = async (command: readonly string[]): Promise<(string | undefined)[][]> => {
      await using terminal = await Terminal.start(command, ['-nodefaults', '-bios', bios])
      await terminal.until((text) => text.includes('(qemu) '))
      await terminal.enter('cont')
      while (!(await terminal.enter('info registers')).includes('HLT=1')) t.signal.throwIfAborted()
      await terminal.enter('stop')
      const answers: (string | undefined)[][] = []
      for (const text of lines) answers.push([text, (await terminal.enter(text)).replace(/^[^\n]*\n/, '')])
      return answers
    }
    const theirs = await play(qemu.command)
    const ours = await play(vmon.command)
    assert.deepEqual(
      ours.filter(([text]) => text !== 'p $edx'),
      theirs.filter(([text]) => text !== 'p $edx'),
    )
    assert.ok(lines.length > 140)
  })
})
