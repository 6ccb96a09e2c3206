import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { qKeyCodes } from '../../src/input/index.ts'
import { BootFloppy } from '../guests/boot-floppy.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Guest, qemu, vmon } from './guest.ts'

/**
 * Keys pressed together: those whose codes depend on others, and numbers that are and are not a key's. They have 16
 * bytes of codes at most, which is what a keyboard holds for a guest that is slow.
 */
const chords: readonly (readonly (string | number)[])[] = [
  ['ctrl', 'alt', 'delete'],
  ['alt', 'print'],
  ['alt_r', 'sysrq'],
  ['ctrl', 'print'],
  ['shift_r', 'print'],
  ['print', 'ctrl'],
  ['ctrl_r', 'pause'],
  ['alt', 'pause'],
  ['shift', 'up'],
  ['a', 'a'],
  [0x1e],
  [0xc8, 0x54],
  [0xb7],
  [0xc6],
  [0x55, 0x80, 0x100, -1, 2 ** 32 + 30],
]

/** Ends the bytes of each set of keys. */
const end = { key: 'f9', codes: Buffer.of(0x43, 0xc3) }

/** What a guest reads from its keyboard for each set of keys, as hexadecimal bytes. */
async function scanCodes(command: readonly string[], floppy: string, signal: AbortSignal): Promise<string[]> {
  const options = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
  await using guest = await Guest.start(command, options, signal)
  await guest.execute('cont')
  await guest.receive(Buffer.from('.'))
  const codes: string[] = []
  for (const keys of [...qKeyCodes.map((name) => [name]), ...chords]) {
    await guest.press(keys, 1)
    if (keys[0] !== end.key) await guest.press([end.key], 1)
    const bytes = await guest.receive(end.codes)
    codes.push(`${keys.join('-')}: ${bytes.toString('hex')}`)
  }
  return codes
}

test('every key, and every combination with codes of its own, reaches the guest as in QEMU', {
  skip: missingProgram(qemu[0]!),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-keyboard-'))
  t.after(() => rm(folder, { recursive: true }))
  const floppy = join(folder, 'keyboard.img')
  await writeFile(floppy, new BootFloppy().sendSerial('.').sendKeyboard().image())
  const [theirs, ours] = await Promise.all([qemu, vmon].map((command) => scanCodes(command, floppy, t.signal)))
  assert.deepEqual(ours, theirs)
  assert.ok(theirs!.includes('up: e048e0c843c3'))
})
