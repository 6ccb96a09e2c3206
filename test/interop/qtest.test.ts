import assert from 'node:assert/strict'
import { test } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { talk } from './qtest-talk.ts'

/** What both answer alike: devices that are as a reset leaves them. */
const exchanges = `endianness
outb 0x70 0x0b|inb 0x71|outb 0x70 0x0d|inb 0x71
outb 0x70 0x38|inb 0x71|outb 0x70 0x3d|inb 0x71
outl 0xe0 0x87654321|inw 0xe2|inl 0xe8|outw 0xe9 0xabcd|inl 0xe0|inl 0xe4
outl 0xcf8 0x80000000|inl 0xcfc|inw 0xcfe|inb 0xcff|outl 0xcf8 0x80000900|inl 0xcfc
outl 0xcf8 0x8000fff8|inl 0xcfc|inb 0x1234|inw 0x1234|inl 0x1234
writeq 0x1000 0x1122334455667788|readb 0x1001|readw 0x1001|readl 0x1002|readq 0x1000|read 0x1000 0x9
b64read 0x1000 8|b64write 0x1100 3 AQID|read 0x10ff 6|write 0x1000 0x4 0x0a0b|readl 0x1000|write 0x1000 1 0x
memset 0x1000 0x10 0xff|readq 0x1008|readq 0x1010|memset 0x1000 0 0|writeb 0x1000 0x123|readw 0x1000
read 0xfffffff0 0x8|readl 0x90000000|writel 0x90000000 1|readq 0x100000000|writel 0x100000000 1
nonsense|rtas get-time-of-day 0 0 0 0|module_load hw- nothing
irq_intercept_in /machine/nothing|irq_intercept_in ioapic|irq_intercept_in ioapic|irq_intercept_out rtc
irq_intercept_out /machine/unattached/device[0]
set_irq_in ioapic unnamed-gpio-in 5 1|set_irq_in ioapic unnamed-gpio-in 5 1|set_irq_in ioapic unnamed-gpio-in 5 0
outb 0x2007 1|outb 0x2007 1|outb 0x2007 0|outw 0x2007 1
outb 0x21 0xaa|inb 0x21|outb 0xa0 0x11|outb 0xa1 8|outb 0xa1 4|outb 0xa1 1|outb 0xa1 0x55|inb 0xa1|outb 0x3f2 0x0c|inb 0x3f4|inb 0x1f7|outb 0x1f6 0x10|inb 0x1f7|inb 0x177`
  .split('\n')
  .flatMap((line) => line.split('|'))

async function start(command: readonly string[], accel: string): Promise<Server> {
  const words =
    '-nodefaults -display none -S -m 64 -no-fd-bootchk -boot order=dca -device pc-testdev -qtest-log qtest.log -qtest unix:qtest.sock,server=on,wait=off'
  const server = await Server.start([...command, ...words.split(' '), '-accel', accel])
  await server.listening('qtest.sock')
  return server
}

test('a test of devices finds on vmon what it finds on QEMU, word for word', { skip: qemu.skip }, async () => {
  // Debian's QEMU has no accelerator for tests; a CPU that stands still does as well.
  const [ours, theirs] = await Promise.all([start(vmon.command, 'qtest'), start(qemu.command, 'tcg')])
  await using _ours = ours
  await using _theirs = theirs
  const [mine, others] = await Promise.all([ours, theirs].map((one) => talk(one.path('qtest.sock'), exchanges)))
  assert.deepEqual(mine, others)
  const logOf = async (server: Server): Promise<string[]> => {
    await server.stop() // QEMU's is complete then
    const { output } = await server.shell('cat qtest.log')
    const lines = output.replaceAll(/\d+\.\d{6}/g, 'TIME').split('\n')
    return lines.filter((line) => /^\[[RS]/.test(line))
  }
  assert.deepEqual(await logOf(ours), await logOf(theirs))
})

test('time goes as it is told, and the timer of the PC with it', async () => {
  await using server = await start(vmon.command, 'qtest')
  const said = await talk(server.path('qtest.sock'), [
    ...['clock_step 1', 'clock_set 1000', 'clock_set 10', 'irq_intercept_in ioapic'],
    // Channel 0 counts 0x1000 ticks of 1193182 Hz: an interrupt each 3.43 ms.
    ...['outb 0x43 0x34', 'outb 0x40 0', 'outb 0x40 0x10', 'clock_step 3000000', 'clock_step 1000000'],
    'clock_step -1',
  ])
  const answers = said.filter((line) => !line.startsWith('>'))
  assert.deepEqual(answers.slice(0, 4), ['OK 1', 'OK 1000', 'OK 1000', 'OK'])
  const steps = answers.slice(answers.indexOf('OK 3001000'))
  assert.deepEqual(steps.filter((line) => line.startsWith('IRQ')).slice(0, 1), ['IRQ raise 0'])
  assert.deepEqual(
    steps.filter((line) => line.startsWith('OK')),
    ['OK 3001000', 'OK 4001000', 'OK 4001000'],
  )
})

test('beside a CPU that runs, a test uses devices and memory, and time goes by itself', async () => {
  await using server = await start(vmon.command, 'none')
  const said = await talk(server.path('qtest.sock'), ['writel 0x1000 1', 'readq 0x1000', 'clock_step'])
  assert.deepEqual(
    said.filter((line) => !line.startsWith('>')),
    ['OK', 'OK 0x0000000000000001', "FAIL Unknown command 'clock_step'"],
  )
})
