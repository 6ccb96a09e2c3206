/** The memory of a program under Linux, as memsave finds it through the kernel's page tables. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const bytes = 256 << 10
const seed = 77

/** What helper.c fills memory with. */
function helperFill(): Buffer {
  const words = new Uint32Array(bytes / 4)
  let word = seed
  for (let index = 0; index < words.length; index++) {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    words[index] = word
  }
  return Buffer.from(words.buffer)
}

const nothing = (): undefined => undefined

describe('memsave under Linux', { skip: noDebianGuest, timeout: 300_000 }, () => {
  it('saves the buffer of a program that the program has filled', async () => {
    await using guest = await DebianGuest.atPrompt()
    guest.shell.type(`helper grip ${bytes >> 10} ${seed}\n`)
    const [, address] = /^\d+ 0x([0-9a-f]+)\r?$/m.exec(await guest.shell.until(/ 0x[0-9a-f]+\r?\n/))!
    const [filename, wanted] = [join(guest.folder, 'memory'), helperFill()]
    const { qmp } = guest.vm
    let found: Uint8Array | undefined
    // The address is the program's: now and then another one runs, whose memory is elsewhere.
    for (let attempts = 20; attempts > 0 && !(found && wanted.equals(found)); attempts--) {
      await qmp.execute('stop')
      const save = { val: Number.parseInt(address!, 16), size: bytes, filename }
      found = await qmp.execute('memsave', save).then(() => readFile(filename), nothing)
      await qmp.execute('cont')
    }
    assert.ok(found && wanted.equals(found))
  })
})
