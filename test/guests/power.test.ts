/**
 * Power, reset and time as Linux sees them.
 *
 * VMON_REBOOTS=all boots to the prompt behind every kind of reboot (four minutes), VMON_STOP_SECONDS=10 stops for longer.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pass } from 'node:timers/promises'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 300_000
/** How the kernel can reboot: through ACPI's register, the keyboard controller, a triple fault, and port 0xCF9. */
const rebootTypes = ['acpi', 'kbd', 'triple', 'pci'] as const
/** Behind which reboots a test waits for the prompt, and not only for the kernel's first words. */
const bootsToPrompt = process.env['VMON_REBOOTS'] === 'all' ? rebootTypes : (['pci'] as const)
const stopSeconds = Number(process.env['VMON_STOP_SECONDS'] ?? 2)
/** Feeds the watchdog so that it bites at once. */
const bite = 'helper out8 0x443 0x0f\n'
/** What pvpanic hears when a kernel panics, and when it has another one for that case. */
const [panic, crashLoaded] = ['helper out8 0x505 1\n', 'helper out8 0x505 2\n']
const firstWords = /Linux version 6/

describe('power, reset and time, seen from inside', { skip: noDebianGuest }, () => {
  let guest: DebianGuest
  const nmis = async (): Promise<number> => Number(/^NMI: +(\d+)/m.exec(await guest.run('cat /proc/interrupts'))![1])
  /** Waits for so many NMIs since there were `before`, and looks that there are no more: they come one after the other. */
  const counted = async (before: number, expected: number): Promise<void> => {
    let seen: number
    do seen = (await nmis()) - before
    while (seen < expected)
    assert.equal(seen, expected)
  }
  const status = async (): Promise<string> => (await guest.vm.qmp.execute('query-status')).status

  before(
    async () => {
      guest = await DebianGuest.atPrompt()
    },
    { timeout },
  )
  after(() => guest?.[Symbol.asyncDispose]())

  it('a press of the power button is an event of its input device', { timeout }, async () => {
    const device = await guest.run(
      'cd /sys/class/input; for e in event*; do grep -q "Power Button" $e/device/name && echo $e; done; cd /',
    )
    await guest.run(`(helper events /dev/input/${device.trim()} >/tmp/events &)`)
    await guest.run('until grep -q listening /tmp/events; do usleep 20000; done')
    await guest.vm.qmp.execute('system_powerdown')
    await guest.run('until grep -q "^1 116 0" /tmp/events; do usleep 20000; done; killall helper')
    assert.equal((await guest.run('cat /tmp/events')).replaceAll('\r', ''), 'listening\n1 116 1\n1 116 0')
  })

  it('sleeps when it wants to, and wakes when it is told to', { timeout }, async () => {
    const { qmp } = guest.vm
    await guest.run('dmesg -c >/dev/null')
    const suspended = qmp.event('SUSPEND')
    guest.shell.type('echo mem > /sys/power/state; echo woken-$?\n')
    await suspended
    assert.equal(await status(), 'suspended')
    const woken = qmp.event('WAKEUP')
    await qmp.execute('system_wakeup')
    await woken
    assert.equal(await status(), 'running')
    await guest.shell.until(/\nwoken-0[\s\S]*# $/)
    assert.match(await guest.run('dmesg'), /PM: suspend entry \(deep\)[\s\S]*PM: suspend exit/)
    assert.equal((await guest.run('dd if=/dev/sda of=/dev/null bs=4k count=4 2>/dev/null; echo $?')).trim(), '0')
  })

  it('is woken by its clock', { timeout }, async () => {
    const { qmp } = guest.vm
    const [suspended, woken] = [qmp.event('SUSPEND'), qmp.event('WAKEUP')]
    await guest.run('echo 0 > /sys/class/rtc/rtc0/wakealarm; echo +4 > /sys/class/rtc/rtc0/wakealarm')
    guest.shell.type('echo mem > /sys/power/state; echo woken-$?\n')
    await suspended
    await woken
    await guest.shell.until(/\nwoken-0[\s\S]*# $/)
    assert.equal(await status(), 'running')
  })

  it('hears its clock’s interrupts, also when it has set it', { timeout }, async () => {
    const changed = guest.vm.qmp.event('RTC_CHANGE')
    assert.equal((await guest.run('date -u -s "2030-01-02 03:04:05" >/dev/null; hwclock -u -w; echo $?')).trim(), '0')
    const offset = Number((await changed).data['offset'])
    const expected = (Date.UTC(2030, 0, 2, 3, 4, 5) - Date.now()) / 1000
    assert.ok(Math.abs(offset - expected) < 60, `${offset} is not ${expected}`)
    assert.match(await guest.run('hwclock -u -r'), /Jan +2 03:0\d:\d\d 2030/)
    assert.equal((await guest.run('helper clock update')).trim(), '0x90')
    assert.equal((await guest.run('helper clock periodic')).trim(), '0xc0')
  })

  it('counts fifty NMIs, half of them in a program that never rests', { timeout }, async () => {
    const { qmp } = guest.vm
    const before = await nmis()
    for (let count = 0; count < 25; count++) await qmp.execute('inject-nmi')
    await counted(before, 25)
    await guest.run('(helper spin &)')
    for (let count = 0; count < 25; count++) await qmp.execute('inject-nmi')
    await counted(before, 50)
    await guest.run('killall helper')
  })

  it('neither its uptime nor its date moves while it is stopped', { timeout }, async () => {
    const { qmp } = guest.vm
    const times = async (): Promise<[uptime: number, date: number]> => {
      const [uptime, seconds, micros] = (
        await guest.run("cut -d' ' -f1 /proc/uptime; adjtimex | sed -n 's/.*time.tv_u*sec: *//p'")
      ).split(/\s+/)
      return [Number(uptime), Number(seconds) + Number(micros) / 1e6]
    }
    const begin = performance.now()
    const before = await times()
    await qmp.execute('stop')
    const stopped = performance.now()
    await pass(stopSeconds * 1000) // the time that must not count
    const going = performance.now()
    await qmp.execute('cont')
    const behind = await times()
    const lived = (stopped - begin + performance.now() - going) / 1000
    for (const [index, clock] of ['uptime', 'date'].entries()) {
      const moved = behind[index]! - before[index]!
      assert.ok(moved > 0 && moved <= lived + 0.2, `${clock}: ${moved} s, while the guest has lived ${lived} s`)
    }
  })

  it('is bitten by its watchdog as the host decides', { timeout }, async () => {
    const { qmp } = guest.vm
    const before = await nmis()
    for (const action of ['none', 'debug', 'inject-nmi'] as const) {
      await bitten(guest, action)
      await guest.run('')
    }
    await counted(before, 1)
    const pressed = qmp.event('POWERDOWN')
    await bitten(guest, 'shutdown')
    await pressed
    const stopped = qmp.event('STOP')
    await bitten(guest, 'pause')
    await stopped
    assert.equal(await status(), 'watchdog')
    await qmp.execute('cont')
    await guest.run('')
  })

  it("is bitten when its watchdog's driver is not fed", { timeout }, async () => {
    const { qmp } = guest.vm
    await qmp.execute('watchdog-set-action', { action: 'pause' })
    const told = qmp.event('WATCHDOG')
    const stopped = qmp.event('STOP')
    guest.shell.type('watchdog -t 60 -T 2 /dev/watchdog\n') // bites behind two seconds, is fed each minute
    assert.deepEqual({ ...(await told).data }, { action: 'pause' })
    await stopped
    await qmp.execute('cont')
    await guest.run('killall watchdog')
  })

  it('panics as the host decides', { timeout }, async () => {
    const { qmp } = guest.vm
    const loaded = qmp.event('GUEST_CRASHLOADED')
    guest.shell.type(crashLoaded)
    assert.deepEqual({ ...(await loaded).data }, { action: 'run' })
    const panicked = async (action: 'none' | 'pause', told: string): Promise<void> => {
      await qmp.execute('set-action', { panic: action })
      const heard = qmp.event('GUEST_PANICKED')
      guest.shell.type(panic)
      assert.deepEqual({ ...(await heard).data }, { action: told })
    }
    await panicked('none', 'run')
    await guest.run('')
    const stopped = qmp.event('STOP')
    await panicked('pause', 'pause')
    await stopped
    assert.equal(await status(), 'guest-panicked')
    await qmp.execute('cont')
    await guest.run('')
  })

  it('a kernel that panics is kept for whoever wants to look, and boots again behind a reset', {
    timeout,
  }, async () => {
    const { qmp } = guest.vm
    await qmp.execute('set-action', { panic: 'pause' })
    const [panicked, stopped] = [qmp.event('GUEST_PANICKED'), qmp.event('STOP')]
    guest.shell.type('echo c > /proc/sysrq-trigger\n')
    assert.deepEqual({ ...(await panicked).data }, { action: 'pause' })
    await stopped
    assert.equal(await status(), 'guest-panicked')
    const reset = qmp.event('RESET')
    await qmp.execute('system_reset')
    assert.deepEqual({ ...(await reset).data }, { guest: false, reason: 'host-qmp-system-reset' })
    await qmp.execute('cont')
    await guest.shell.until(firstWords)
  })
})

describe('what ends or restarts a guest', { skip: noDebianGuest }, () => {
  it('a bite of the watchdog resets it, if that is what the host wants', { timeout }, async () => {
    await using guest = await DebianGuest.atPrompt()
    const reset = guest.vm.qmp.event('RESET')
    await bitten(guest, 'reset')
    assert.deepEqual({ ...(await reset).data }, { guest: true, reason: 'guest-reset' })
    await guest.shell.until(firstWords)
  })

  it('a bite of the watchdog ends it, if that is what the host wants', { timeout }, async () => {
    await using guest = await DebianGuest.atPrompt()
    await bitten(guest, 'poweroff')
    assert.deepEqual(await guest.vm.machine.ended, { reason: 'none' })
  })

  it('switches itself off, and is kept if the host wants that', { timeout }, async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    await qmp.execute('set-action', { shutdown: 'pause' })
    const [off, stopped] = [qmp.event('SHUTDOWN'), qmp.event('STOP')]
    guest.shell.type('poweroff -f\n')
    assert.deepEqual({ ...(await off).data }, { guest: true, reason: 'guest-shutdown' })
    await stopped
    assert.equal((await qmp.execute('query-status')).status, 'shutdown')
  })

  for (const type of rebootTypes) {
    it(`starts again behind a reboot by ${type}`, { timeout }, async () => {
      await using guest = await DebianGuest.atPrompt()
      const { shell, vm } = guest
      const before = await hardware(guest)
      const messages = await guest.run('cat /tmp/boot')
      await guest.run(`echo ${type} > /sys/kernel/reboot/type`)
      const reset = vm.qmp.event('RESET')
      shell.type('reboot -f\n')
      assert.deepEqual({ ...(await reset).data }, { guest: true, reason: 'guest-reset' })
      await shell.until(firstWords)
      if (!bootsToPrompt.some((each) => each === type)) return
      await shell.prompt()
      const again = await guest.run('dmesg')
      assert.deepEqual(found(again), found(messages))
      assert.ok(found(again).length > 100)
      assert.equal(await hardware(guest), before)
    })
  }
})

type WatchdogAction = 'reset' | 'shutdown' | 'poweroff' | 'pause' | 'debug' | 'none' | 'inject-nmi'

/** Lets the watchdog bite under an action, and sees that the host is told. */
async function bitten({ vm: { qmp }, shell }: DebianGuest, action: WatchdogAction): Promise<void> {
  await qmp.execute('watchdog-set-action', { action })
  const told = qmp.event('WATCHDOG')
  shell.type(bite)
  assert.deepEqual({ ...(await told).data }, { action })
}

/** What Linux has found: memory, ports, interrupts, PCI configuration spaces, drives. */
async function hardware(guest: DebianGuest): Promise<string> {
  const found = []
  for (const command of [
    'cat /proc/iomem /proc/ioports /proc/partitions /proc/bus/input/devices',
    "sed 's/^ *\\([0-9A-Z]*\\): *[0-9]*/\\1/' /proc/interrupts",
    'for f in /sys/bus/pci/devices/*/config; do echo $f; hexdump -C $f; done',
  ])
    found.push(await guest.run(command))
  return unnumbered(found.join('\n'))
}

/**
 * What the kernel has said of the hardware that it found; the order of what goes on side by side does not count, nor
 * that it found something slow.
 */
function found(messages: string): string[] {
  const lines = unnumbered(messages)
    .split(/\r?\n/)
    .map((line) => line.replace(/^\[[^\]]*\] /, ''))
  return lines
    .filter((line) =>
      /^(BIOS-e820|IOAPIC|ACPI|PCI|pci|pnp|ata\d|scsi|sd|sr|input|i8042|serio|00:|Floppy|FDC|DMI)/.test(line),
    )
    .filter((line) => !/ took \d+ usecs$/.test(line))
    .sort()
}

/** Input devices are numbered as their drivers come to be ready. */
function unnumbered(text: string): string {
  return text.replace(/\b(input|event|mouse|js)\d+/g, '$1')
}
