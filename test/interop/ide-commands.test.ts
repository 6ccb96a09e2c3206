/** IDE drives in whatever state a guest brings them, compared with QEMU's access by access. */
import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { qemu } from './guest.ts'
import { IdeProbe, onBothProbes, table } from './ide-probe.ts'
import { type PortAccess, playPorts, read, readsOf, readWords, waitClear, write, writeCounter } from './port-player.ts'

const skip = missingProgram(qemu[0]!)
const timeout = 180_000
/** How many random lists of accesses are played. More by the environment: `VMON_IDE_SEEDS=500`. */
const seeds = Number(process.env['VMON_IDE_SEEDS'] ?? 4)
const firstSeed = Number(process.env['VMON_IDE_FIRST'] ?? 1)
const accesses = 1200
const [base, control, busMaster] = [0x1f0, 0x3f6, 0xc000]

const disk = (path: string, index: number, more = ''): string[] => [
  '-drive',
  `if=ide,index=${index},format=raw,file=${path}${more}`,
]

function image(folder: string, name: string, bytes: number, begin?: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, begin ?? '')
  truncateSync(path, bytes)
  return path
}

/** A boot sector whose partition ends at a head and a sector. */
function partitioned(head: number, sector: number): Uint8Array {
  const bytes = Buffer.alloc(512)
  bytes.set([0x80, 0, 2, 0, 0x83, head, sector, 0], 0x1be)
  bytes.writeUInt32LE(1000, 0x1be + 12)
  bytes.set([0x55, 0xaa], 510)
  return bytes
}

/** Does a command that has no data for the drive, and takes what it has: the registers, and a sector at most. */
const command = (code: number | 'counter', registers: readonly number[], device: number): PortAccess[] => [
  ...[device, ...registers].map((value, index) => write(base + [6, 1, 2, 3, 4, 5][index]!, 1, value)),
  ...[
    code === 'counter' ? writeCounter(base + 7) : write(base + 7, 1, code),
    waitClear(control, 0x80),
    read(busMaster + 2, 1),
  ],
  ...[1, 2, 3, 4, 5, 6, 7].map((register) => read(base + register, 1)),
  readWords(base, 256),
  ...[read(control, 1), write(busMaster + 2, 1, 6)],
]
const reset = [write(busMaster, 1, 0), write(control, 1, 4), waitClear(control, 0x80), write(control, 1, 0)]

async function compared(
  t: Parameters<typeof onBothProbes>[0],
  options: (folder: string) => string[],
  play: (drive: IdeProbe, folder: string) => Promise<string[]>,
): Promise<string[]> {
  const [theirs, ours] = await onBothProbes(
    t,
    async (guest, folder) => {
      const drive = new IdeProbe(guest, 0)
      await drive.enable()
      return play(drive, folder)
    },
    options,
  )
  assertSame(ours, theirs)
  return ours
}

/** Says where they differ first, and what was before: all of it would be too much. */
function assertSame(ours: readonly string[], theirs: readonly string[]): void {
  const at = theirs.findIndex((line, index) => line !== ours[index])
  if (at < 0) return
  const around = (lines: readonly string[]) =>
    lines.slice(Math.max(0, at - 40), at + 3).map((line) => line.slice(0, 1600))
  assert.deepEqual(around(ours), around(theirs))
}

const hex = (values: readonly number[]): string => values.map((value) => value.toString(16)).join(' ')

describe('an IDE channel', { skip, timeout }, () => {
  const tebibyte = 2 ** 40
  for (const [name, bytes, begin] of [
    ['8 MiB', 8 << 20, undefined],
    ['8 MiB with a partition that ends at head 7, sector 32', 8 << 20, partitioned(7, 32)],
    ['100 MiB with a partition for 255 heads', 100 << 20, partitioned(254, 63)],
    ['5 GiB', 5 * 2 ** 30, undefined],
    ['one sector more than 28 bits can name', (2 ** 28 + 1) * 512, undefined],
    ['2 TiB', 2 * tebibyte, undefined],
    ['3 TiB', 3 * tebibyte, undefined],
    ['1 sector', 512, undefined],
  ] as const) {
    test(`identifies a disk of ${name} as QEMU's does, and reads its last sector`, async (t) => {
      const sectors = Math.floor(bytes / 512)
      const last = sectors - 1
      const byte = (index: number) => Math.floor(last / 2 ** (8 * index)) & 0xff
      await compared(
        t,
        (folder) => disk(image(folder, 'disk.img', bytes, begin), 0),
        async ({ guest }, folder) => {
          const path = join(folder, 'disk.img')
          const seen = [hex(await playPorts(guest, [...reset, ...command(0xec, [], 0xa0)]))]
          const high = [3, 4, 5].map(byte)
          const low = [0, 1, 2].map(byte)
          const address = [...[0, ...high].map((value, index) => write(base + 2 + index, 1, value))]
          const most = [
            ...command(0x27, [], 0xe0),
            write(control, 1, 0x80),
            ...[2, 3, 4, 5].map((one) => read(base + one, 1)),
          ]
          seen.push(hex(await playPorts(guest, [...most, ...command(0xf8, [], 0xe0)])))
          seen.push(hex(await playPorts(guest, [...address, ...command(0x24, [0, 1, ...low], 0xe0)])))
          seen.push(hex(await playPorts(guest, [...reset, ...address, ...command(0x24, [0, 2, ...low], 0xe0)])))
          assert.ok(path)
          return seen
        },
      )
    })
  }

  test("does each of 256 commands with disk, CD drive, empty CD drive and no drive as QEMU's does", async (t) => {
    const registers = [
      [0, 1, 1, 0, 0],
      [3, 0x45, 0, 0x4f, 0xc2],
      [0xd0, 0, 0xff, 0x4f, 0xc2],
    ]
    const [first, second] = [0xe0, 0xf0]
    const machines: (readonly [(folder: string) => string[], devices: readonly number[]])[] = [
      [
        (folder) => [...disk(image(folder, 'a', 1 << 20), 0), ...disk(image(folder, 'b', 1 << 20), 1, ',media=cdrom')],
        [first, second],
      ],
      [(folder) => [...disk(image(folder, 'a', 1 << 20), 1)], [first, second]],
      [() => ['-drive', 'if=ide,index=0,media=cdrom'], [first]], // without a second drive nobody knows when a reset is done
    ]
    for (const [options, devices] of machines) {
      const lists = registers.flatMap((values) =>
        devices.map((device) => [...reset, ...command('counter', values, device)]),
      )
      await compared(t, options, async ({ guest }) => {
        const seen: string[] = []
        for (const list of lists) {
          const answers = await playPorts(guest, list, 256)
          const each = answers.length / 256
          for (let code = 0; code < 256; code++) {
            seen.push(`${code.toString(16)}: ${hex(answers.slice(code * each, (code + 1) * each))}`)
          }
        }
        return seen
      })
    }
  })

  test(`answers ${seeds} random lists of ${accesses} accesses as QEMU's does, and leaves the same on the disk`, async (t) => {
    await compared(
      t,
      (folder) => [
        ...disk(image(folder, 'a', 1 << 20, Buffer.alloc(1 << 20, 'vmon disk ')), 0),
        ...disk(image(folder, 'b', 1 << 20, Buffer.alloc(1 << 20, 'vmon cd ')), 1, ',media=cdrom'),
      ],
      async (drive, folder) => {
        const { guest } = drive
        const seen: string[] = []
        const rows = Array.from({ length: 40 }, (_, index) => [0x300000, 0, index === 39] as const)
        await drive.regions(rows)
        for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
          const list = [...reset, ...randomAccesses(seed)]
          const answers = await playPorts(guest, list)
          let next = 0
          for (const access of list) {
            const count = readsOf(access)
            const said = answers.slice(next, next + count)
            next += count
            const { kind, port, value } = access
            seen.push(`${seed}: ${hex([kind, port, value])}${count > 0 ? ` = ${hex(said)}` : ''}`)
          }
        }
        await guest.execute('stop')
        seen.push(readFileSync(join(folder, 'a')).toString('base64'))
        return seen
      },
    )
  })
})

const dmaCommands: ReadonlySet<number> = new Set([0x06, 0x25, 0x35, 0xc8, 0xc9, 0xca, 0xcb])

/** Accesses that a driver might make, and some that none would: the same for the same seed. */
function randomAccesses(seed: number): PortAccess[] {
  let state = seed * 2654435761
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const pick = <T>(...from: readonly T[]): T => from[random(from.length)]!
  const list: PortAccess[] = []
  const settle = () => list.push(waitClear(control, 0x80))
  const look = () =>
    list.push(
      ...[1, 2, 3, 4, 5, 6].map((register) => read(base + register, 1)),
      read(control, 1),
      read(busMaster + 2, 1),
    )
  const commands = [
    0x20, 0x24, 0x29, 0x30, 0x34, 0x39, 0xc4, 0xc5, 0xc6, 0xc8, 0x25, 0xca, 0x35, 0xec, 0xa1, 0xa0, 0xa0, 0xe7, 0xef,
    0x08, 0x90, 0xb0, 0x06, 0x27, 0xf8, 0x40, 0x70, 0x91,
  ]
  while (list.length < accesses) {
    switch (random(10)) {
      case 0:
      case 1:
        list.push(write(base + 1 + random(5), 1, pick(0, 0, 1, 1, 2, 3, 4, 8, 0x10, 0x4f, 0xc2, 0xff, random(256))))
        break
      case 2:
        list.push(write(base + 6, 1, pick(0xa0, 0xe0, 0xe0, 0xb0, 0xf0, random(256))))
        break
      case 3:
      case 4:
        {
          const any = random(4) === 0 ? random(256) : pick(...commands)
          const code = dmaCommands.has(any) ? 0xec : any
          if (code === 0xa0) list.push(write(base + 1, 1, 0)) // no DMA
          if (code === 0x91) list.push(write(base + 2, 1, 63)) // QEMU divides by it
          list.push(write(base + 7, 1, code))
        }
        settle()
        look()
        break
      case 5:
        list.push(random(4) === 0 ? read(base, 4) : readWords(base, pick(1, 6, 255, 256, 300)))
        settle()
        break
      case 6: {
        const first = pick(0x0000, 0x0028, 0x0043, 0x0012, 0x0003, 0x00be, 0x0025, 0x0051, random(65536))
        const count = pick(1, 6, 6, 6, 256, 300)
        for (let index = 0; index < count; index++)
          list.push(write(base, 2, index === 0 ? first : pick(0, 0, 1, 0x0100, 0x1000, random(65536))))
        settle()
        look()
        break
      }
      case 7:
        list.push(write(control, 1, pick(0, 0, 2, 0x80, 4, 6)))
        settle()
        look()
        break
      case 8: {
        // The bus master is started for a command that is at work, and for that alone: nobody knows when it is done else.
        const [device, code] = pick([0xe0, 0xc8], [0xe0, 0xca], [0xa0, 0xc8], [0xe0, 0x25], [0xe0, 0x35], [0xe0, 0x06])
        list.push(...reset, write(base + 6, 1, device!))
        for (const register of [1, 2, 3, 4, 5])
          list.push(write(base + register, 1, pick(0, 0, 1, 1, 2, 8, random(256))))
        list.push(write(base + 7, 1, code!))
        settle()
        list.push(write(busMaster, 1, pick(1, 9)), waitClear(control, 0x88))
        look()
        list.push(write(busMaster, 1, 0))
        break
      }
      default:
        list.push(
          pick(
            write(busMaster + 2, 1, random(256)),
            write(busMaster + 4, 4, pick(table, table + 16, table + 64)),
            read(base + 7, 1),
          ),
        )
    }
  }
  return list
}
