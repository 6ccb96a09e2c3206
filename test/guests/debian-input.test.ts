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

describe('the Debian guest', { skip: noDebianGuest, timeout: 120_000 }, () => {
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
})
