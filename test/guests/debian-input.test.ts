/** Keys and pointers as Linux has them from its drivers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { longText, sendKeys } from './long-text.ts'

/** The event device of the input device with such a name. */
async function eventDevice(guest: DebianGuest, name: RegExp): Promise<string> {
  const devices = (await guest.run('cat /proc/bus/input/devices')).split(/\r?\n\r?\n/)
  const described = devices.find((device) => name.test(device))
  return `/dev/input/${/\bevent\d+/.exec(described ?? '')![0]}`
}

describe('the Debian guest', { skip: noDebianGuest, timeout: 300_000 }, () => {
  it('gets four hundred characters in order on its console that send-key was given at once', async () => {
    await using guest = await DebianGuest.atPrompt()
    await guest.run('(head -n 1 </dev/tty1 >/tmp/typed &)')
    await sendKeys(guest.vm.qmp, `${longText}\n`)
    await guest.run('until [ -s /tmp/typed ]; do usleep 10000; done')
    assert.equal(await guest.run('cat /tmp/typed'), longText)
  })

  it('gets the coordinates of an absolute pointer as they were sent, and its clicks', async () => {
    await using guest = await DebianGuest.atPrompt()
    guest.shell.type(`helper events ${await eventDevice(guest, /VMMouse/)}\n`)
    await guest.shell.until(/listening/)
    const points = [
      [1, 2],
      [32767, 0],
      [12345, 23456],
      [0, 32767],
      [16384, 16383],
    ] as const
    const said: string[] = []
    for (const [x, y] of points) {
      await guest.vm.qmp.execute('input-send-event', {
        events: [
          { type: 'abs', data: { axis: 'x', value: x } },
          { type: 'abs', data: { axis: 'y', value: y } },
        ],
      })
      said.push(`3 0 ${x * 2}`, `3 1 ${y * 2}`) // EV_ABS, ABS_X and ABS_Y: VMware's mouse counts to 65535
      await guest.shell.until(new RegExp(`^${said.at(-1)}\\r?$`, 'm'))
    }
    const press = (down: boolean) => ({ type: 'btn' as const, data: { button: 'left' as const, down } })
    await guest.vm.qmp.execute('input-send-event', { events: [press(true)] })
    await guest.vm.qmp.execute('input-send-event', { events: [press(false)] })
    said.push('1 272 1', '1 272 0') // EV_KEY, BTN_LEFT
    const all = await guest.shell.until(/^1 272 0\r?$/m)
    assert.deepEqual(all.trim().split(/\r?\n/).slice(-said.length), said)
  })

  it('has virtio’s keyboard, mouse and tablet as they are plugged in: what people do goes to the last', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    for (const id of ['keyboard', 'mouse', 'tablet']) {
      await qmp.execute('device_add', { driver: `virtio-${id}-pci`, id })
      await guest.run(`until grep -qi 'QEMU Virtio ${id}' /proc/bus/input/devices; do usleep 10000; done`)
    }
    const mice = async () =>
      (await qmp.execute('query-mice')).map(({ name, current }) => `${name}${current ? '*' : ''}`)
    assert.deepEqual((await mice()).slice(-2), ['QEMU Virtio Mouse', 'QEMU Virtio Tablet*'])

    const hear = async (name: RegExp) => {
      guest.shell.type(`helper events ${await eventDevice(guest, name)}\n`)
      await guest.shell.until(/listening/)
    }
    await hear(/Virtio Tablet/)
    await qmp.execute('input-send-event', {
      events: [
        { type: 'abs', data: { axis: 'x', value: 12345 } },
        { type: 'abs', data: { axis: 'y', value: 32767 } },
        { type: 'btn', data: { button: 'wheel-up', down: true } },
        { type: 'btn', data: { button: 'left', down: true } },
      ],
    })
    const said = await guest.shell.until(/^1 272 1\r?$/m)
    assert.deepEqual(said.trim().split(/\r?\n/).slice(-4), ['3 0 12345', '3 1 32767', '2 8 1', '1 272 1'])
    guest.shell.type('\x03')
    await guest.run('true')

    const mouse = (await qmp.execute('query-mice')).find(({ name }) => name === 'QEMU Virtio Mouse')!
    await qmp.execute('human-monitor-command', { 'command-line': `mouse_set ${mouse.index}` })
    await hear(/Virtio Mouse/)
    await qmp.execute('input-send-event', { events: [{ type: 'rel', data: { axis: 'x', value: -7 } }] })
    await guest.shell.until(/^2 0 -7\r?$/m)
    guest.shell.type('\x03')
    await guest.run('true')

    await hear(/Virtio Keyboard/)
    await qmp.execute('send-key', { keys: [{ type: 'qcode', data: 'a' }] })
    await guest.shell.until(/^1 30 1\r?\n(.*\n)*1 30 0\r?$/m)
    guest.shell.type('\x03')
    await guest.run('echo 1 >$(echo /sys/class/leds/input*::capslock/brightness | tr " " "\\n" | tail -n 1)')
    for (const device of ['keyboard', 'mouse', 'tablet']) {
      const deleted = qmp.waitForEvent('DEVICE_DELETED', ({ data }) => data.device === device)
      await qmp.execute('device_del', { id: device })
      await deleted
    }
    assert.equal(await guest.run('grep -c Virtio /proc/bus/input/devices'), '0')
    assert.equal((await mice()).join().includes('Virtio'), false)
  })
})
