/**
 * Debian's memtest86+, which works in protected mode with PAE and pages of 2 MiB, and leaves CR4.PSE alone.
 *
 * VMON_MEMTEST=64 lets it test that many MiB; the suite has the least with which it starts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startMachine } from '../../src/index.ts'
import { missingFile } from '../oracle/peers.ts'

const kernel = '/boot/memtest86+ia32.bin'
const memory = Number(process.env['VMON_MEMTEST'] ?? 6)
const minutes = 4 + memory / 2

test('memtest86+ passes over all of memory and finds no error', {
  skip: missingFile(kernel, 'memtest86+'),
  timeout: (minutes + 1) * 60_000,
}, async (t) => {
  await using vm = await startMachine({ memory, kernel })
  await vm.screen.waitFor(/Pass: +1\b|Errors: +[1-9]|Press any key/, { timeoutMs: minutes * 60_000 })
  const text = (await vm.screen.text()) ?? ''
  assert.match(text, /\[PAE\]/)
  assert.match(text, /Errors: 0\b/)
  assert.match(text, /Pass: +1\b/)
  t.diagnostic(text.match(/Time: +[\d:]+/)?.[0] ?? '')
})
