import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noSmbiosSettings } from '../board/index.ts'
import { ConfigError, type MachineConfig, type MachineOptions, type OptionText, resolveConfig } from './index.ts'

const mebibyte = 1 << 20

function warnings(options: MachineOptions): string[] {
  const heard: string[] = []
  resolveConfig(options, (text) => heard.push(text))
  return heard
}

test('a machine that nobody describes is a PC with 128 MiB, empty drives, a network card, ports and a monitor that lead nowhere', () => {
  const whole = resolveConfig()
  const { netdevs, cards, parallel, ...config } = whole
  assert.deepEqual(config, {
    name: undefined,
    uuid: undefined,
    machine: 'pc',
    accel: 'v86',
    ramBytes: 128 * mebibyte,
    memoryBackends: [
      { id: "pc.ram", bytes: 128 << 20, said: {} },
    ],
    firmware: { bios: undefined, folders: [] },
    flash: [undefined, undefined],
    kernel: undefined,
    smbios: noSmbiosSettings,
    acpiTables: [],
    fwCfg: [],
    boot: {
      ...{ order: 'cad', once: undefined, menu: false, anyFloppy: false },
      ...{ splashTimeMs: undefined, rebootTimeoutMs: undefined },
    },
    passedDescriptors: [],
    secrets: [],
    objects: [],
    throttleGroups: [],
    blockdevs: [],
    drives: [],
    defaultDrives: ['cdrom', 'floppy', 'sdcard'],
    qtest: undefined,
    sharedFolders: [],
    chardevs: [
      { label: 'compat_monitor0', backend: { type: 'vc' }, origin: undefined },
      { label: 'serial0', backend: { type: 'vc' }, origin: undefined, consequence: "could not connect serial device to character backend 'vc:80Cx24C'" },
      { label: 'parallel0', backend: { type: 'vc' }, origin: undefined, consequence: "could not connect parallel device to character backend 'vc:80Cx24C'" },
    ],
    monitors: [{ chardev: 'compat_monitor0', mode: 'readline' }],
    serial: ['serial0'],
    serialDevices: [],
    vga: true,
    videoCard: undefined,
    displays: [],
    spice: undefined,
    consolePage: undefined,
    keymap: undefined,
    windows: { type: 'none' },
    serialConsole: false,
    vmport: true,
    acpi: true,
    machineProperties: {},
    drivenModels: [],
    startPaused: false,
    incoming: undefined,
    loadvm: undefined,
    actions: { reboot: 'reset', shutdown: 'poweroff', panic: 'shutdown', watchdog: 'reset' },
    rtcBase: undefined,
    rtcStops: false,
    devices: [],
    wished: [],
    driveDevices: [],
    lastingDevices: [],
  } satisfies Omit<MachineConfig, 'netdevs' | 'cards' | 'parallel'>) // biome-ignore format: one value a line
  const [cardPort, network, port, ...others] = netdevs.map(({ options }) => options)
  assert.deepEqual([cardPort?.type, network?.type, port?.type, others], ['hubport', 'user', 'hubport', []])
  assert.deepEqual(
    parallel.map(({ model, chardev, properties }) => ({ model, chardev, ...properties })),
    [{ model: 'isa-parallel', chardev: 'parallel0', irq: 7, index: 0, iobase: 0x378 }],
  )
  const [card] = cards
  assert.equal(card?.model, 'e1000')
  assert.deepEqual(card?.place, { bus: 'PCI', slot: 3, function: 0, id: undefined })
  assert.equal(card?.properties['mac'], '52:54:00:12:34:56')
  assert.ok(Object.isFrozen(whole) && Object.isFrozen(config.boot) && Object.isFrozen(config.chardevs[0]))
})

for (const [memory, mebibytes] of [
  [undefined, 128],
  ['', 128],
  ['0', 128],
  [64, 64],
  ['64', 64],
  ['512M', 512],
  ['1.5G', 1536],
  ['size=1G', 1024],
  ['010', 10],
  ['0x10', 16],
  ['512K', 1],
  ['2040', 2040],
  ['128,maxmem=1G', 128],
] as const)
  test(`memory '${memory}' is ${mebibytes} MiB`, () => {
    assert.equal(resolveConfig(memory === undefined ? {} : { memory }).ramBytes, mebibytes * mebibyte)
  })

test('a machine of type none has no memory, drives or ports but those that are asked for', () => {
  const config = resolveConfig({ machine: 'none', serial: 'null' })
  const { ramBytes, defaultDrives, serial, vga, accel } = config
  assert.deepEqual(
    { ramBytes, defaultDrives, serial, vga, accel },
    { ramBytes: 0, defaultDrives: [], serial: [], vga: false, accel: 'none' },
  )
  assert.deepEqual(config.chardevs.map(({ label }) => label), ['compat_monitor0', 'serial0']) // biome-ignore format: one line
})

test('without defaults there is a video card only if one is asked for', () => {
  assert.equal(resolveConfig({}).vga, true)
  assert.equal(resolveConfig({ noDefaults: true }).vga, false)
  assert.equal(resolveConfig({ noDefaults: true, vga: 'std' }).vga, true)
})

test('names may hold anything, and UUIDs are in lower case', () => {
  const { name, uuid } = resolveConfig({ name: 'a,b=c', uuid: '550E8400-E29B-41D4-A716-446655440000' })
  assert.deepEqual([name, uuid], ['a,b=c', '550e8400-e29b-41d4-a716-446655440000'])
})

test('whoever asks for tcg gets the machine that executes', () => {
  assert.equal(resolveConfig({ accel: 'tcg' }).accel, 'v86')
  assert.equal(resolveConfig({ accel: 'tcg,thread=single' }).accel, 'v86')
  assert.equal(resolveConfig({ machine: 'pc,accel=none' }).accel, 'none')
  assert.equal(resolveConfig({ machine: { type: 'pc', accel: 'tcg' } }).accel, 'v86')
})

test('of several accelerators the first that there is counts, and the others are told of', () => {
  const heard: string[] = []
  assert.equal(resolveConfig({ machine: 'accel=kvm:tcg' }, (text) => heard.push(text)).accel, 'v86')
  assert.deepEqual(heard, ['invalid accelerator kvm', 'falling back to tcg'])
})

test('images go where QEMU puts them', () => {
  const { drives } = resolveConfig({
    hda: 'a,b.img',
    cdrom: 'x.iso',
    fda: 'f.img',
    drives: ['file=y.img,if=ide,index=1', { file: 'z,z.img', if: 'none', id: 'z', readonly: true }],
  })
  const summary = drives.map((drive) => [
    drive.interface,
    drive.media,
    drive.position.index,
    drive.file,
    drive.readOnly,
  ])
  assert.deepEqual(summary, [
    ['ide', 'disk', 0, 'a,b.img', false],
    ['ide', 'cdrom', 2, 'x.iso', true],
    ['floppy', 'disk', 0, 'f.img', false],
    ['ide', 'disk', 1, 'y.img', false],
    ['none', 'disk', undefined, 'z,z.img', true],
  ])
  assert.equal(drives[4]!.origin, 'drives file=z,,z.img,if=none,id=z,readonly=on')
})

test('the boot order is QEMU’s, and its parts add up', () => {
  assert.equal(resolveConfig({ boot: 'd' }).boot.order, 'd')
  assert.deepEqual(resolveConfig({ boot: { order: 'cd', once: 'a', menu: true, 'splash-time': 1500 } }).boot, {
    order: 'cd',
    once: 'a',
    menu: true,
    splashTimeMs: 1500,
    rebootTimeoutMs: undefined,
    anyFloppy: false,
  })
})

test('Linux boots without a boot loader, and -machine says the same as the options that are short for it', () => {
  const options = { kernel: 'vmlinuz', initrd: 'initrd.gz', append: 'console=ttyS0' }
  const kernel = { image: 'vmlinuz', initrd: 'initrd.gz', append: 'console=ttyS0' }
  assert.deepEqual(resolveConfig(options).kernel, kernel)
  assert.deepEqual(resolveConfig({ machine: { type: 'pc', ...options } }).kernel, kernel)
  assert.deepEqual(resolveConfig({ bios: 'b.bin', firmwareFolders: ['x', 'y'] }).firmware, { bios: 'b.bin', folders: ['x', 'y'] }) // biome-ignore format: one line
})

test('monitors get their devices, labels are counted over them, and ports come behind', () => {
  const config = resolveConfig({
    chardevs: ['null,id=c', 'null,id=d', { backend: 'null', id: 'e' }],
    monitors: ['c,mode=control,pretty=on'],
    qmp: ['unix:q.sock,server,nowait', 'chardev:d', 'null'],
    serial: ['none', 'file:out', 'chardev:e'],
    parallel: ['none', 'null'],
  })
  assert.deepEqual(config.chardevs.map(({ label }) => label), ['c', 'd', 'e', 'compat_monitor0', 'compat_monitor2', 'serial1', 'parallel0']) // biome-ignore format: one line
  assert.deepEqual(config.monitors, [
    { chardev: 'c', mode: 'control', pretty: true },
    { chardev: 'compat_monitor0', mode: 'control', pretty: false },
    { chardev: 'd', mode: 'control', pretty: false },
    { chardev: 'compat_monitor2', mode: 'control', pretty: false },
  ])
  assert.deepEqual(config.serial, [undefined, 'serial1', 'e'])
})

test('a PC has four serial ports; a fifth device is made and leads nowhere', () => {
  const config = resolveConfig({ serial: ['null', 'null', 'null', 'null', 'null'] })
  assert.deepEqual(config.serial, ['serial0', 'serial1', 'serial2', 'serial3'])
  assert.equal(config.chardevs.filter(({ label }) => label.startsWith('serial')).length, 5)
})

test('without defaults there is only what was asked for', () => {
  const { defaultDrives, serial, chardevs, vga } = resolveConfig({ noDefaults: true })
  assert.deepEqual([defaultDrives, serial, chardevs, vga], [[], [], [], false])
  assert.equal(resolveConfig({ noDefaults: true, vga: 'std' }).vga, true)
})

test('a VGA card and ports that are devices take the place of those that are there by default', () => {
  const { vga, videoCard, serial, serialDevices, chardevs } = resolveConfig({
    chardevs: ['null,id=x', 'null,id=y'],
    devices: [
      'isa-parallel,chardev=y',
      'VGA,id=v,addr=1f,xres=640',
      'isa-serial,chardev=x,index=2,iobase=0x3e8,irq=4',
      '{"driver":"isa-serial"}',
    ],
  })
  assert.equal(vga, true)
  assert.deepEqual(videoCard, { id: 'v', slot: 31, monitor: { width: 640, height: 800 } })
  assert.deepEqual(serial, [])
  assert.deepEqual(serialDevices, [{ port: 2, chardev: 'x' }, { port: 1, chardev: '' }]) // biome-ignore format: one line
  assert.deepEqual(chardevs.map(({ label }) => label), ['x', 'y', 'compat_monitor0']) // biome-ignore format: one line
})

for (const [device, said] of [
  ['VGA,addr=3.1', 'a VGA card can only be function 0 of a slot here'],
  ['VGA,addr=1.2', 'a VGA card can only be function 0 of a slot here'],
  ['VGA,vgamem_mb=32', "'VGA.vgamem_mb' can only be 16 here"],
  ['VGA,mmio=off', "'VGA.mmio' can only be on here"],
  ['VGA,big-endian-framebuffer=on', "'VGA.big-endian-framebuffer' can only be off here"],
  ['VGA,romfile=', "'VGA.romfile' cannot be said here"],
  ['VGA,xres=4096', 'the identity of a monitor of 4096x800 dots is not implemented'],
  ['isa-serial,iobase=0x3f0', "'isa-serial.iobase' of port 0 can only be 0x3f8 here"],
  ['isa-serial,irq=16', "'isa-serial.irq' of port 0 can only be 4 here"],
  ['isa-serial,wakeup=on', "'isa-serial.wakeup' can only be off here"],
] as const)
  test(`what the board cannot have is refused: ${device}`, () => {
    assert.throws(() => resolveConfig({ noDefaults: true, devices: [device] }), {
      message: `devices ${device}: ${said}`,
    })
  })

test('there is one VGA card, and one serial port in each place', () => {
  for (const options of [
    { vga: 'std', devices: ['VGA'] },
    { noDefaults: true, devices: ['VGA', 'VGA'] },
  ])
    assert.throws(() => resolveConfig(options), {
      message: /: there is a VGA card already, and this PC can have only one$/,
    })
  for (const options of [
    { serial: 'null', devices: ['isa-serial,index=0'] },
    { devices: ['isa-serial', 'isa-serial,index=0'] },
  ])
    assert.throws(() => resolveConfig(options), { message: /: serial port 0 is there already$/ })
})

test('of what is to be done when the guest ends, the last word counts', () => {
  const { actions } = resolveConfig({ noReboot: true, action: ['panic=pause,watchdog=none', 'reboot=reset'].join(',') })
  assert.deepEqual(actions, { reboot: 'reset', shutdown: 'poweroff', panic: 'pause', watchdog: 'none' })
})

test('flags that are false say nothing', () => {
  const { startPaused, actions } = resolveConfig({ paused: true, noReboot: true, noShutdown: true })
  assert.deepEqual([startPaused, actions.reboot, actions.shutdown], [true, 'shutdown', 'pause'])
  const nics = 'none'
  assert.deepEqual(resolveConfig({ nics, paused: false, noReboot: false, noDefaults: false }), resolveConfig({ nics }))
})

test('the guest clock begins where it is told to', () => {
  assert.equal(resolveConfig({ rtc: 'base=2006-06-17T16:01:21' }).rtcBase, Date.UTC(2006, 5, 17, 16, 1, 21))
  assert.equal(resolveConfig({ rtc: 'base=2006-06-17' }).rtcBase, Date.UTC(2006, 5, 17))
  assert.equal(resolveConfig({ rtc: 'base=utc,clock=host' }).rtcBase, undefined)
  const local = resolveConfig({ rtc: { base: 'localtime' } }).rtcBase!
  assert.ok(Math.abs(local - (Date.now() - new Date().getTimezoneOffset() * 60_000)) < 60_000)
})

test('what has no effect is told of', () => {
  assert.deepEqual(warnings({ boot: 'splash=x.jpg,reboot-timeout=5,strict=on' }).length, 2)
  assert.deepEqual(warnings({ rtc: 'driftfix=slew' }), ['warning: -rtc driftfix=slew has no effect: no ticks are made up for']) // biome-ignore format: one line
})

test('a complaint names the option by the name that it has here', () => {
  assert.throws(
    () => resolveConfig({ memory: '5x' }),
    (error) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.reports.length, 1)
      assert.match(
        error.message,
        /^memory 5x: Parameter 'size' expects a non-negative number below 2\^64\nOptional suffix/,
      )
      return true
    },
  )
  assert.throws(() => resolveConfig({ qmp: 'bogus:x' }), {
    message: "qmp bogus:x: 'bogus:x' is not a valid char driver\nqmp bogus:x: parse error: bogus:x",
  })
  assert.throws(() => resolveConfig({ drives: ['if=bogus'] }), {
    message: "drives if=bogus: unsupported bus type 'bogus'",
  })
  assert.throws(() => resolveConfig({ memoryy: 5 } as MachineOptions), { message: 'memoryy: there is no such option' })
  assert.throws(() => resolveConfig({ cpu: 'help' }), /Available CPUs/)
})

test('devices of the PCI bus get the places that are asked for, and the next free ones', () => {
  const { devices } = resolveConfig({
    devices: ['i6300esb,id=w', 'pvpanic-pci,addr=5.0,multifunction=on', 'pvpanic-pci,addr=5.1', 'i6300esb'],
  })
  assert.deepEqual(
    devices.map(({ path, place }) => [path, place]),
    [
      ['/machine/peripheral/w', { bus: 'PCI', slot: 4, function: 0, id: 'w' }],
      ['/machine/peripheral-anon/device[0]', { bus: 'PCI', slot: 5, function: 0, id: undefined }],
      ['/machine/peripheral-anon/device[1]', { bus: 'PCI', slot: 5, function: 1, id: undefined }],
      ['/machine/peripheral-anon/device[2]', { bus: 'PCI', slot: 6, function: 0, id: undefined }],
    ],
  )
  const [watchdog, panic] = devices
  assert.equal(watchdog!.properties['addr'], -1)
  assert.deepEqual([panic!.properties['events'], panic!.properties['multifunction']], [3, true])
})

for (const [device, said] of [
  [['i6300esb,addr=2'], 'PCI: slot 2 function 0 not available for i6300esb, in use by VGA,id=(null)'],
  [['e1000,romfile=nosuch'], 'failed to find romfile "nosuch"'],
  [['e1000,romfile=/dev/null'], 'romfile "/dev/null" is empty'],
  [['e1000,romfile=/'], 'romfile "/" too large (size cannot exceed 2 GiB)'],
  [['virtio-net-pci,romsize=5,romfile='], 'ROM size 5 is not a power of two'],
  [['pvpanic-pci,addr=40'], "Property 'pvpanic-pci.addr' doesn't take value '40'"],
  [
    ['pvpanic-pci,addr=1e.3', 'i6300esb,addr=1e.0'],
    'PCI: 1e.0 indicates single function, but 1e.3 is already populated.',
  ],
  [['i6300esb,addr=5', 'pvpanic-pci,addr=5.1'], "PCI: single function device can't be populated in function 5.1"],
  [['i6300esb,bus=isa.0'], "Device 'i6300esb' can't go on ISA bus"],
  [['pvpanic', 'pvpanic'], 'duplicate fw_cfg file name: etc/pvpanic-port'],
  [['pvpanic,pvpanic[0]=x'], "Property 'pvpanic.pvpanic[0]' is not writable"],
  [['isa-debugcon'], "Can't create debugcon device, empty char device"],
  [['isa-debugcon,chardev=no'], "Property 'isa-debugcon.chardev' can't find value 'no'"],
  [['pvpanic-pci,failover_pair_id=x'], 'failover primary device must be on PCIExpress bus'],
  [
    Array.from({ length: 33 }, () => 'i6300esb'),
    'PCI: no slot/function available for i6300esb, all in use or reserved',
  ],
] as const)
  test(`QEMU's words for a device that cannot be: ${said}`, () => {
    assert.throws(() => resolveConfig({ devices: device }), { message: `devices ${device.at(-1)}: ${said}` })
  })

test('objects and lists in an option are its members', () => {
  const flat = { driver: 'qcow2', 'node-name': 'a', 'file.driver': 'file', 'file.filename': 'x,y' }
  const nested = { driver: 'qcow2', 'node-name': 'a', file: { driver: 'file', filename: 'x,y' } }
  const options = (one: OptionText) => resolveConfig({ blockdevs: [one] }).blockdevs.map(({ options }) => options)
  assert.deepEqual(options(nested), options(flat))
  const rules = { driver: 'blkdebug', 'node-name': 'b', image: 'a', 'inject-error': [{ event: 'read_aio', errno: 5 }] }
  assert.equal(options(rules)[0]!['inject-error.0.errno'], 5n)
})
