/**
 * The human monitor beside QEMU's: the same keys on a terminal give the same bytes, the same lines the same answers, and
 * every command that both have has the same help.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { loadDisassembler } from '../../src/disassembler/index.ts'
import { commandTable, infoTable } from '../../src/hmp/index.ts'
import { qemuCommands, qemuTopics } from '../conformance/human-monitor.ts'
import { seed } from '../drawn-cases.ts'
import { qemu, vmon } from './programs.ts'
import { answersOfBoth, Terminal } from './terminal.ts'

const { skip } = qemu
const noDisassembler = loadDisassembler() === undefined && 'the optional package iced-x86 is missing'
/** How many random lines are tried on both. */
const lineCount = Number(process.env['VMON_HMP_LINES'] ?? 1500)

describe('the human monitor beside that of QEMU', { skip }, () => {
  test('shows the same bytes for the same keys', async () => {
    const keys = [
      'info status\r',
      '\x1b[A\x1b[D\x1b[DX\x7f\x01\x04\x05\x17st\t\x17inf\tv\t\n',
      'quux\n\x1b[A\x1b[A\x1b[B\r',
      '\x15abc\x0b\x03\r\n',
      'sendkey ctrl-al\t\x17\x17\r',
      'sendkey ctrl-alt-del\t\r',
      'info uui\t\r',
      'memsa\t0 1 /nonexistent/\r',
      'eje\tx\r',
      'qom-list \t/\t/m\t\r',
      '\xc3\xa9\r\x1bOHab\x1bOF\x1b[3~\x1b[1~\x1b[3~\r',
      `${'a'.repeat(30)}\x1b[1~\x1b[Cbb\r`,
      'info history\r',
      'p 1\x1b[\x1b[5~2\x9bD3\x1bZ\r',
      'stop\rcont\rstop\r',
      'info version\r',
    ].join('')
    const play = async (command: readonly string[]): Promise<string> => {
      await using terminal = await Terminal.start(command)
      const answered = terminal.until((text) => /\n7\.2\.[^\n]*\n\(qemu\) $/.test(text))
      terminal.send(keys)
      return await answered
    }
    const [theirs, ours] = [await play(qemu.command), await play(vmon.command)]
    assert.deepEqual(ours.split('\r\n'), theirs.split('\r\n'))
  })

  test('says the same of lines at random', { timeout: 600_000 }, async () => {
    const lines = fc.sample(line, { seed, numRuns: lineCount })
    const [theirs, ours] = await answersOfBoth(lines)
    const wrong = lines.flatMap((text, index) =>
      ours[index] === theirs[index] ? [] : [{ text, ours: ours[index], theirs: theirs[index] }],
    )
    assert.deepEqual(wrong.slice(0, 5), [])
  })

  test('has no command and no topic that QEMU has not, and the conformance page knows all of them', async () => {
    await using terminal = await Terminal.start(qemu.command)
    await terminal.until((text) => text.includes('(qemu) '))
    const names = async (line: string, pattern: RegExp): Promise<string[]> =>
      [...(await terminal.enter(line)).matchAll(pattern)].map(([, name]) => name!)
    const theirs = await names('help', /^([a-z][\w-]*)(?:\|\S+)? .*$/gm)
    const topics = await names('help info', /^info ([a-z][\w-]*) /gm)
    assert.deepEqual(
      theirs.filter((name) => name !== 'help'),
      qemuCommands.filter((name) => name !== 'help'),
    )
    assert.deepEqual(topics, qemuTopics)
    assert.deepEqual(
      Object.keys(commandTable).filter((name) => !qemuCommands.includes(name)),
      [],
    )
    assert.deepEqual(
      Object.keys(infoTable).filter((name) => !qemuTopics.includes(name)),
      [],
    )
  })

  test('shows the tree of devices as QEMU does, but for those that are only names here', async () => {
    const options = [
      '-nodefaults',
      ...['-vga', 'none', '-device', 'VGA', '-serial', 'null', '-device', 'floppy', '-device', 'ide-cd,id=cd'],
      ...['-drive', 'if=none,id=disk,driver=null-co,size=64M', '-device', 'ide-hd,drive=disk,serial=abc'],
      ...[
        '-chardev',
        'null,id=one',
        '-device',
        'pci-serial,chardev=one',
        '-device',
        'pvpanic-pci',
        '-device',
        'pvpanic',
      ],
      ...['-chardev', 'null,id=two', '-device', 'isa-debugcon,chardev=two', '-device', 'i6300esb,id=dog'],
    ]
    await sameDeviceTree(options)
  })

  test('shows virtio devices in the tree of devices as QEMU does', async () => {
    const options = [
      ...['-nodefaults', '-drive', 'if=none,id=disk,driver=null-co,size=64M', '-device', 'virtio-blk-pci,drive=disk'],
      ...['-device', 'virtio-scsi-pci,id=s', '-drive', 'if=none,id=more,driver=null-co,size=64M'],
      ...['-device', 'scsi-hd,drive=more,bus=s.0', '-device', 'virtio-rng-pci', '-device', 'virtio-balloon-pci,id=b'],
      ...['-device', 'virtio-serial-pci', '-chardev', 'null,id=n', '-device', 'virtserialport,chardev=n,name=a.b'],
      ...['-fsdev', 'local,id=f,path=/,security_model=none', '-device', 'virtio-9p-pci,fsdev=f,mount_tag=t'],
      ...[
        '-netdev',
        'user,id=u',
        '-device',
        'virtio-net-pci,netdev=u',
        '-device',
        'virtio-tablet-pci',
        '-device',
        'virtio-keyboard-pci,id=k',
      ],
      ...['-device', 'virtio-mouse-pci,wheel-axis=off'],
    ]
    await sameDeviceTree(options, /^( {8}bar 1: mem| {16}port 1,)/) // of MSI-X; how a port is
  })

  test('shows the tree of memory as QEMU does, but for what the board has not', async () => {
    const options = [
      '-nodefaults',
      ...['-vga', 'none', '-device', 'VGA', '-serial', 'null', '-netdev', 'user,id=net', '-device', 'e1000,netdev=net'],
      ...['-drive', 'if=none,id=disk,driver=null-co,size=64M', '-device', 'virtio-blk-pci,drive=disk,id=vda'],
      ...['-chardev', 'null,id=one', '-device', 'isa-debugcon,chardev=one', '-device', 'pvpanic,ioport=1288'],
      ...['-device', 'ib700', '-device', 'pc-testdev', '-device', 'isa-debug-exit', '-device', 'i6300esb'],
    ]
    // Which space comes first, and the numbers of views, differ from run to run of QEMU.
    const treesOf = async (command: readonly string[]): Promise<string[][]> => {
      await using terminal = await Terminal.start(command, options)
      await terminal.until((text) => text.includes('(qemu) '))
      const shown: string[][] = []
      for (const switches of ['', ' -o', ' -D', ' -f -o'])
        shown.push([...new Set((await terminal.enter(`info mtree${switches}`)).split('\r\n').slice(1))].sort())
      return shown
    }
    const [theirs, ours] = [await treesOf(qemu.command), await treesOf(vmon.command)]
    const absent =
      /hpet|kvmvapic|pam-(pci|rom|ram)|pm-smbus|smram|cpu-smm-0|: memory( |$)|alias memory @|FlatView #|: io @|^ {2}\S+ \(prio \d, r[ao]m\): pc\.(rom|(ram|bios) @)/
    const common = (lines: readonly string[]): string[] => lines.filter((line) => !absent.test(line))
    assert.deepEqual(ours.map(common), theirs.map(common))
    assert.ok(ours.every((lines) => common(lines).length > 40))
  })

  test('shows instructions as QEMU does, wherever in the firmware they begin', { skip: noDisassembler }, async () => {
    const places = fc.sample(fc.integer({ min: 0xe0000, max: 0xfff00 }), { seed, numRuns: 150 })
    const borders = Array.from({ length: 60 }, (_, index) => 0xe0000 + 1024 * (index + 1) - 1 - (index % 7))
    const [theirs, ours] = await answersOfBoth([
      ...[...places, ...borders].map((place) => `xp /4i ${place}`),
      ...['x /i 0xf0000', 'x /0i 0', 'x /2hi 0xf0000', 'x /2i 0xfffffff0', 'xp /2i 0x1000f0000', 'xp /i 0xffffffff'],
      ...['xp /3i 0xe0000000', 'x /3i 0xe0000000', 'xp /9i 0x7fffff0'],
    ])
    assert.deepEqual(ours, theirs)
  })

  test('has the same help for every command and topic', async () => {
    const names = Object.keys(commandTable)
    const topics = Object.keys(infoTable)
    // `help log` alone lists what can be logged, which differs; with a word behind it, it is as any other.
    const asked = [...names.filter((name) => name !== 'info'), ...topics.map((topic) => `info ${topic}`)]
    const [theirs, ours] = await answersOfBoth(asked.map((name) => `help ${name}${name === 'log' ? ' items' : ''}`))
    assert.deepEqual(ours, theirs)
  })
})

/** Compares what `info qtree` shows, but for what there is no such device of. */
async function sameDeviceTree(options: readonly string[], absent = /^never/): Promise<void> {
  const treeOf = async (command: readonly string[]): Promise<string> => {
    await using terminal = await Terminal.start(command, options)
    await terminal.until((text) => text.includes('(qemu) '))
    return (await terminal.enter('info qtree')).replace(/^[^\n]*\n/, '')
  }
  const theirs = (await treeOf(qemu.command)).split('\r\n')
  const ours = (await treeOf(vmon.command)).split('\r\n')
  const shown = theirs.filter((line) => !absent.test(line))
  assert.deepEqual(ours, withoutDevices(shown, /(dev: (hpet|kvmvapic|smbus-eeprom),|bus: i2c)/))
}

/** A tree's lines without devices and buses, and what is on them. */
function withoutDevices(lines: readonly string[], gone: RegExp): string[] {
  let depth = Number.POSITIVE_INFINITY
  return lines.filter((line) => {
    const indent = line.search(/\S/)
    if (indent > depth) return false
    depth = gone.test(line) ? indent : Number.POSITIVE_INFINITY
    return depth !== indent
  })
}

const number = fc.oneof(
  fc.constantFrom('0', '1', '010', '0x10', '18446744073709551615', '18446744073709551616', "'a'", '$ebx', '$foo', '0x'),
  fc.nat(100).map(String),
)
const operator = fc.constantFrom('+', '-', '*', '/', '%', '&', '|', '^', ' ', '(', ')', '~', ' + ', "'", '#')
const expression = fc
  .array(fc.tuple(number, operator), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.map(([value, sign]) => value + sign).join(''))
const format = fc
  .tuple(
    fc.constantFrom('', '1', '4', '0', '9'),
    fc.constantFrom('', 'x', 'd', 'u', 'o', 'c', 'z'),
    fc.constantFrom('', 'b', 'h', 'w', 'g'),
  )
  .map((parts) => `/${parts.join('')}`)
const word = fc.oneof(
  fc.constantFrom('nosuch', '"a b"', '"x', '-f', '-x', '-', '--', 'on', 'off', '', '1M', '2K', 'x y'),
  fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b', ' ', '"', '\\', '/', '-', '1', '$', '(') }),
)

/** Lines of commands that leave the machine as it is. */
const line = fc.oneof(
  fc
    .tuple(fc.constantFrom('p ', 'p', 'print ', 'gva2gpa ', 'sum 1 ', 'boot_set '), expression)
    .map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('p', 'p ', 'xp', 'x '), format, fc.constant(' '), expression).map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('xp', 'x '), format, fc.constantFrom(' 0', ' 0xffff0', ' 0xa0000'))
    .map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom('eject', 'block_resize', 'change', 'snapshot_blkdev', 'watchdog_action', 'cpu', 'nosuch', 'info', 'help', 'info block', 'info status', 'mouse_set', 'sendkey nosuch'), // biome-ignore format: one line
      fc.array(word, { maxLength: 4 }),
    )
    .map(([name, words]) => [name, ...words].join(' '))
    .filter((text) => !/^(help|info)\s*$|^help +info/.test(text)), // their lists are of all that there is
)
