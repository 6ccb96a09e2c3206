/** Firmware in flash memory: what a guest finds there, what it can do to it, and where that goes. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findFirmware } from '../../src/board/index.ts'
import { startMachine } from '../../src/embedding/index.ts'
import { silent } from '../../src/log/index.ts'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { talk } from './qtest-talk.ts'

const chip = 0x1_0000_0000 - 0x4_0000
const below = chip - 0x1_0000
const hex = (value: number): string => `0x${value.toString(16)}`

/** Bytes that mean something to a chip; among them those of its commands. */
const bytes = [0x00, 0x01, 0x02, 0x10, 0x20, 0x28, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xd0, 0xe8, 0xf0, 0xff, 0x5a]

/** Accesses to both chips, drawn so that they are the same each time, with what a chip tells of itself at the end. */
function accesses(count: number): string[] {
  let seed = 20_240_229
  const draw = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (seed >> 8) % below
  }
  const drawn = Array.from({ length: count }, () => {
    const at = (draw(3) > 0 ? chip : below) + draw(0x300) * 4 + draw(2)
    const [size, word] = draw(4) > 0 ? ['b', bytes[draw(bytes.length)]!] : ['l', draw(0x7fff_ffff)]
    const aligned = size === 'l' ? at & -4 : at
    const where = hex(aligned < 0 ? aligned + 2 ** 32 : aligned)
    return draw(3) > 0 ? `write${size} ${where} ${hex(word)}` : `read${size} ${where}`
  })
  const asked = Array.from({ length: 0x60 }, (_, offset) => `readb ${hex(chip + offset)}`)
  const [end, query] = [`writeb ${hex(chip)} 0xff`, `writeb ${hex(chip)} 0x98`]
  return [...drawn, end, end, end, query, ...asked, end, `read ${hex(chip)} 0x1000`, `read ${hex(0xe0000)} 0x40`]
}

async function start(command: readonly string[], accel: string): Promise<Server> {
  const words = `-nodefaults -display none -S -m 64 -accel ${accel} -qtest unix:qtest.sock,server=on,wait=off
    -drive if=pflash,format=raw,file=code.img -drive if=pflash,format=raw,file=kept.img,readonly=on`
  const prepare = ['seq 1 60000 | head -c 262144 > code.img', 'seq 1 60000 | head -c 65536 > kept.img']
  const server = await Server.start([...command, ...words.split(/\s+/)], prepare)
  await server.listening('qtest.sock')
  return server
}

test('a guest finds in flash what it finds on QEMU, whatever it writes', { skip: qemu.skip }, async () => {
  const [ours, theirs] = await Promise.all([start(vmon.command, 'qtest'), start(qemu.command, 'tcg')])
  await using _ours = ours
  await using _theirs = theirs
  const lines = accesses(3000)
  const [mine, others] = await Promise.all([ours, theirs].map((one) => talk(one.path('qtest.sock'), lines)))
  assert.deepEqual(mine, others)
  const [image, other] = await Promise.all([ours, theirs].map(imagesOf))
  assert.equal(image, other)
})

/** What the images hold when the machine is gone. */
async function imagesOf(server: Server): Promise<string> {
  await server.stop()
  return (await server.shell('cksum code.img kept.img')).output
}

test('SeaBIOS starts from flash', async () => {
  const { bios } = findFirmware({ bios: undefined, folders: [] }, silent)
  const folder = await mkdtemp(join(tmpdir(), 'vmon-flash-'))
  try {
    const image = join(folder, 'bios.img')
    await writeFile(image, bios)
    await using vm = await startMachine({ pflash: [image], nics: 'none', noDefaults: true, vga: 'std', memory: 32 })
    await vm.screen.waitFor('SeaBIOS', { timeoutMs: 300_000 })
  } finally {
    await rm(folder, { recursive: true })
  }
})
