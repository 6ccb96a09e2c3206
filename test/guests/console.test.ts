/** What guests make of what is typed, read from their screens: GRUB, and a program that lives on the BIOS as DOS does. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { demoFloppy } from '../../guests/demo.ts'
import { ScreenTimeoutError } from '../../src/client/index.ts'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { missingFile } from '../oracle/peers.ts'
import { longText, sendKeys } from './long-text.ts'

const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const timeout = 300_000

/** What the screen says, without the line ends: rows that are full go on in the next one. */
async function flow({ screen }: RunningMachine): Promise<string> {
  return ((await screen.text()) ?? '').replaceAll('\n', '')
}

describe('a guest that lives on the BIOS', { timeout }, () => {
  let folder: string
  let vm: RunningMachine

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmon-console-'))
    const floppy = join(folder, 'demo.img')
    await writeFile(floppy, demoFloppy())
    vm = await startMachine({ fda: floppy, boot: 'a', memory: 16 })
    await vm.screen.waitFor(/^Type, and I type it too/m)
  })
  after(async () => {
    await vm?.close()
    await rm(folder, { recursive: true })
  })

  it('has taken all that was typed when typing is done, and shows it', async () => {
    await assert.rejects(vm.screen.waitFor(/nothing like it/, { timeoutMs: 50 }), ScreenTimeoutError)
    await vm.keyboard.type('abc\n')
    const { waiting } = await vm.qmp.execute('__org.vmon_query-keyboard')
    assert.equal(waiting, 0)
    await vm.screen.waitFor(/^abc$/m)
    const { text } = await vm.qmp.execute('__org.vmon_query-screen-text')
    assert.deepEqual([text!.columns, text!.rows, text!.lines.length], [80, 25, 25])
    assert.equal(text!.lines[2], 'abc'.padEnd(80))
    assert.deepEqual({ ...text!.cursor }, { row: 3, column: 0, visible: true })
  })

  it('gets every sign that the keyboard has, and as much as one likes at its own pace', async () => {
    const signs = 'Hello, World! (2 * 3) = {6}; "~`@#$%^&|\\"'
    await vm.keyboard.type(signs)
    assert.equal((await vm.screen.waitFor(/^Hello, W.*$/m))[0], signs)
    await vm.keyboard.type(`\n${longText}\nend`)
    await vm.screen.waitFor(/^end/m)
    assert.ok((await flow(vm)).includes(longText), await vm.screen.text())
  })

  it('gets four hundred characters in order that send-key was given at once', async () => {
    await sendKeys(vm.qmp, `\n<${longText}>\nover`)
    await vm.screen.waitFor(/^over/m)
    assert.ok((await flow(vm)).includes(`<${longText}>`), await vm.screen.text())
  })

  it('is typed for only while it runs', async () => {
    await vm.qmp.execute('stop')
    await assert.rejects(vm.keyboard.type('x'), /VM not running/)
    await vm.qmp.execute('cont')
  })
})

describe("GRUB's shell", { skip: missingFile(grub, 'grub-rescue-pc') }, () => {
  it('gets four hundred characters in order that send-key was given at once', { timeout }, async () => {
    await using vm = await startMachine({ cdrom: grub, boot: 'd', memory: 64 })
    await vm.screen.waitFor(/will be executed automatically/, { timeoutMs: timeout })
    await vm.keyboard.type('c')
    await vm.screen.waitFor(/^grub>$/m, { timeoutMs: timeout })
    await sendKeys(vm.qmp, `echo ${longText}\n`)
    await vm.screen.waitFor(/grub> echo.*grub>$/s, { timeoutMs: timeout })
    const [, echoed] = (await flow(vm)).split(`grub> echo ${longText}`)
    assert.ok(echoed?.startsWith(longText), await vm.screen.text())
  })
})
