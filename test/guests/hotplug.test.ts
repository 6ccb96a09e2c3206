/** PCI devices that come and go under a running Linux. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startMachine } from '../../src/index.ts'
import { DebianGuest, debianOptions } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { SerialShell } from './serial-shell.ts'

const timeout = 300_000
/** Slots where nothing is. */
const [slot, other] = ['6', '7']
const address = (which: string): string => `0000:00:0${which}.0`
/** Waits until the guest has seen a device in a slot, and tells which. */
const come = (which = slot): string => {
  const device = `/sys/bus/pci/devices/${address(which)}/device`
  return `i=0; until [ -e ${device} ] || [ $i = 600 ]; do sleep 0.1; i=$((i+1)); done; cat ${device}`
}
const there = 'ls /sys/bus/pci/devices'
const usual = ['0.0', '1.0', '1.1', '1.3', '2.0', '3.0'].map((place) => `0000:00:0${place}`)
const panicDevice = '0x0011'
const watchdog = '0x25ab'
/** The guest hears of nothing that comes or is to go. */
const deaf = 'echo mask > /sys/firmware/acpi/interrupts/gpe01'
const hearing = 'echo unmask > /sys/firmware/acpi/interrupts/gpe01'

type Vm = DebianGuest['vm']

/** What the guest lets go of, as events tell. */
function goneOf({ qmp }: Vm) {
  const events = qmp.events({ names: ['DEVICE_DELETED'] })[Symbol.asyncIterator]()
  return async () => ({ ...((await events.next()).value?.data as object) })
}

const plug = ({ qmp }: Vm, id: string, addr = slot, driver = 'pvpanic-pci') =>
  qmp.execute('device_add', { driver, id, addr })
const unplug = ({ qmp }: Vm, id: string) => qmp.execute('device_del', { id })
const deleted = (id: string) => ({ device: id, path: `/machine/peripheral/${id}` })
const seen = async (shell: Pick<SerialShell, 'run'>): Promise<string[]> => (await shell.run(there)).trim().split(/\s+/)

/** What the process uses of its system. */
async function footprint() {
  return {
    descriptors: (await readdir('/proc/self/fd')).length,
    threads: (await readdir('/proc/self/task')).length,
    memory: process.memoryUsage.rss(),
  }
}

describe('Linux', { skip: noDebianGuest, timeout }, () => {
  it('finds a device that is plugged in, and lets go of it, a hundred times', async () => {
    await using guest = await DebianGuest.atPrompt()
    const gone = goneOf(guest.vm)
    const once = async (): Promise<void> => {
      await plug(guest.vm, 'p')
      assert.equal(await guest.run(come()), panicDevice)
      await unplug(guest.vm, 'p')
      assert.deepEqual(await gone(), deleted('p'))
    }
    for (let warm = 0; warm < 5; warm++) await once()
    const before = await footprint()
    for (let time = 0; time < 100; time++) await once()
    const after = await footprint()
    assert.deepEqual([after.descriptors, after.threads], [before.descriptors, before.threads])
    // The guest's code is translated meanwhile, which takes tens of megabytes whatever is plugged in.
    assert.ok(after.memory - before.memory < 128 << 20, `${before.memory} bytes became ${after.memory}`)
    assert.deepEqual(await seen(guest), usual)
  })

  it('finds several at once, each in its place, and lets go of one that no driver has', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const gone = goneOf(guest.vm)
    await Promise.all([plug(guest.vm, 'p'), plug(guest.vm, 'w', other, 'i6300esb')])
    assert.deepEqual([await guest.run(come()), await guest.run(come(other))], [panicDevice, watchdog])
    assert.equal(
      await guest.run(`ls /sys/bus/pci/devices/${address(other)}/driver`).then((said) => /No such/.test(said)),
      true,
    )
    const devices = (await qmp.execute('query-pci')).flatMap((bus) => bus.devices)
    for (const id of ['p', 'w']) {
      const found = devices.find(({ qdev_id }) => qdev_id === id)
      assert.ok(
        found!.regions.every(({ address: at }) => at !== 0),
        'the guest has given its memory a place',
      )
    }
    await unplug(guest.vm, 'w')
    assert.deepEqual(await gone(), deleted('w'))
    assert.deepEqual(await seen(guest), [...usual, address(slot)])
    // The guest may let go of its own accord.
    await guest.run(`echo 0 > /sys/bus/pci/slots/${slot}/power`)
    assert.deepEqual(await gone(), deleted('p'))
  })

  it('has a shell on a serial port that comes and goes, whose other end is free again each time', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const gone = goneOf(guest.vm)
    const path = join(guest.folder, 'line')
    const addr = { type: 'unix', data: { path } } as const
    await qmp.execute('chardev-add', {
      id: 'c',
      backend: { type: 'socket', data: { addr, server: true, wait: false } },
    })
    const shell = await SerialShell.connect(path)
    try {
      for (let time = 0; time < 3; time++) {
        await qmp.execute('device_add', { driver: 'pci-serial', id: 's', addr: slot, chardev: 'c' })
        assert.equal(await guest.run(come()), '0x0002')
        await assert.rejects(qmp.execute('chardev-remove', { id: 'c' }), /Chardev 'c' is busy/)
        await shell.until(/# $/) // init sees the port, and starts one
        assert.equal(await shell.run('echo $((6 * 7))'), '42')
        shell.type('yes\n')
        await shell.until(/y\r\ny\r\ny/)
        await unplug(guest.vm, 's')
        assert.deepEqual(await gone(), { path: '/machine/peripheral/s/serial' })
        assert.deepEqual(await gone(), deleted('s'))
        shell.type('')
      }
      await qmp.execute('chardev-remove', { id: 'c' })
    } finally {
      shell.close()
    }
  })

  it('is asked again where it has not heard, and answers once', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const gone = goneOf(guest.vm)
    await plug(guest.vm, 'p')
    assert.equal(await guest.run(come()), panicDevice)
    await guest.run(deaf)
    await unplug(guest.vm, 'p')
    await unplug(guest.vm, 'p')
    assert.deepEqual(await seen(guest), [...usual, address(slot)])
    await assert.rejects(plug(guest.vm, 'p'), /Duplicate device ID 'p'/)
    await assert.rejects(
      plug(guest.vm, 'q'),
      /PCI: slot 6 function 0 not available for pvpanic-pci, in use by pvpanic-pci,id=p/,
    )
    await guest.run(hearing)
    assert.deepEqual(await gone(), deleted('p'))
    await assert.rejects(unplug(guest.vm, 'p'), { errorClass: 'DeviceNotFound', message: "Device 'p' not found" })
    await plug(guest.vm, 'p')
    assert.equal(await guest.run(come()), panicDevice)
    await unplug(guest.vm, 'p')
    assert.deepEqual(await gone(), deleted('p'))
    await qmp.execute('query-status')
  })

  it('hears of what happened while it stood still when it goes on', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const gone = goneOf(guest.vm)
    await qmp.execute('stop')
    await plug(guest.vm, 'p')
    await qmp.execute('cont')
    assert.equal(await guest.run(come()), panicDevice)
    await qmp.execute('stop')
    await unplug(guest.vm, 'p')
    await qmp.execute('cont')
    assert.deepEqual(await gone(), deleted('p'))
  })

  it('goes on in another machine with what was plugged in', async () => {
    await using guest = await DebianGuest.atPrompt()
    await plug(guest.vm, 'p')
    assert.equal(await guest.run(come()), panicDevice)
    const state = join(guest.folder, 'state')
    await guest.vm.machine.save(state)
    const serial = join(guest.folder, 'serial2')
    const own = await debianOptions({ disk: guest.disk, serial })
    await guest.vm.close()
    await using vm = await startMachine(
      { ...own, devices: [...own.devices, `pvpanic-pci,id=p,addr=${slot}`] },
      { savedState: state },
    )
    const shell = await SerialShell.connect(serial)
    const gone = goneOf(vm)
    try {
      assert.deepEqual(await seen(shell), [...usual, address(slot)])
      await unplug(vm, 'p')
      assert.deepEqual(await gone(), deleted('p'))
      await plug(vm, 'q')
      assert.equal(await shell.run(come()), panicDevice)
    } finally {
      shell.close()
    }
  })

  it('is without what was to leave when it has been reset, and has what was plugged in before it boots', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const gone = goneOf(guest.vm)
    await plug(guest.vm, 'p')
    assert.equal(await guest.run(come()), panicDevice)
    await guest.run(deaf)
    await unplug(guest.vm, 'p')
    const reset = qmp.event('RESET')
    await qmp.execute('system_reset')
    await reset
    assert.deepEqual(await gone(), deleted('p'))
    await plug(guest.vm, 'w', other, 'i6300esb')
    guest.shell.type('')
    await guest.shell.prompt()
    assert.deepEqual(await seen(guest), [...usual, address(other)])
    await unplug(guest.vm, 'w')
    assert.deepEqual(await gone(), deleted('w'))
  })
})
