/**
 * What QEMU's own test of its human monitor (tests/qtest/test-hmp) asks one after the other, asked of both: each topic of
 * `info`, and a list of commands, of the machines that it starts. What they answer otherwise stands here, with the reason.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { qemuTopics } from '../conformance/human-monitor.ts'
import { qemu } from './programs.ts'
import { answersOfBoth } from './terminal.ts'

/** What the two answer otherwise; where nothing stands behind it, for the reason that the conformance page has. */
const different = new Set([
  ...['info jit', 'info kvm', 'info qdm', 'info qom-tree', 'info trace-events', 'device_add ?', 'singlestep on'],
  'drive_add ignored format=help', // its own drivers
  'log all', // QEMU would need a file for each of its threads then
  'info usbhost', // QEMU has loaded a module for `info qdm`, and lists the host's devices, if there are any
])
/** Those of a PC besides. */
const differentOfPc = new Set([
  ...['info irq', 'info lapic', 'info mtree', 'info qtree', 'info ramblock', 'info registers', 'info roms'],
  ...['gdbserver', 'p $pc + 8'],
  'info cpus', // the number of a thread
])

const commands = [
  ...['announce_self', 'boot_set ndc', 'chardev-add null,id=testchardev1', 'chardev-send-break testchardev1'],
  ...['chardev-change testchardev1 ringbuf', 'chardev-remove testchardev1', 'commit all', 'cpu 0', 'device_add ?'],
  ...['device_add usb-mouse,id=mouse1', 'drive_add ignored format=help', 'mouse_button 7', 'mouse_move 10 10'],
  ...['mouse_button 0', 'device_del mouse1', 'dump-guest-memory /dev/null 0 4096', 'dump-guest-memory /dev/null'],
  ...['gdbserver', 'gva2gpa 0', 'hostfwd_add tcp::43210-:43210', 'hostfwd_remove tcp::43210-:43210', 'i /w 0'],
  ...['log all', 'log none', 'memsave 0 4096 "/dev/null"', 'migrate_set_parameter xbzrle-cache-size 1'],
  ...['migrate_set_parameter downtime-limit 1', 'migrate_set_parameter max-bandwidth 1', 'netdev_add user,id=net1'],
  ...['set_link net1 off', 'set_link net1 on', 'netdev_del net1', 'nmi', 'o /w 0 0x1234'],
  ...['object_add memory-backend-ram,id=mem1,size=256M', 'object_del mem1', 'pmemsave 0 4096 "/dev/null"'],
  ...['p $pc + 8', 'qom-list /', 'qom-set /machine initrd test', 'qom-get /machine initrd', 'screendump /dev/null'],
  ...['sendkey x', 'singlestep on', 'wavcapture /dev/null', 'stopcapture 0', 'sum 0 512', 'x /8i 0x100', 'xp /16x 0'],
]

describe("what QEMU's own test of its human monitor asks", { skip: qemu.skip }, () => {
  for (const machine of ['pc', 'none', 'none -m 2']) {
    test(`is answered as QEMU answers it by the machine ${machine}`, { timeout: 300_000 }, async () => {
      const asked = [...qemuTopics.map((topic) => `info ${topic}`), ...commands]
      const [theirs, ours] = await answersOfBoth(asked, ['-machine', ...machine.split(' ')])
      const answers = asked.map((line, index) => ({ line, ours: plain(ours[index]!), theirs: plain(theirs[index]!) }))
      const expected = new Set([...different, ...(machine === 'pc' ? differentOfPc : [])])
      assert.deepEqual(
        answers.filter(({ line, ours, theirs }) => ours !== theirs && !expected.has(line)),
        [],
      )
      const otherwise = answers.filter(({ ours, theirs }) => ours !== theirs).map(({ line }) => line)
      assert.deepEqual(
        [...expected].filter((line) => !otherwise.includes(line)),
        [],
      )
    })
  }
})

/** Without the numbers that names of nobody's choice have, and address spaces in an order: QEMU's is that of a hash table. */
function plain(answer: string): string {
  const parts = answer.replace('\r\n(qemu) ', '').split(/^(?=address-space: )/m)
  const ordered = parts.map((part) => part.trimEnd()).sort()
  return ordered.join('\n').replaceAll(/#(net|block)\d+/g, '#$1NNN')
}
