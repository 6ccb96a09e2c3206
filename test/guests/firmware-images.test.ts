/** Firmware other than SeaBIOS: where its image is, and how far it comes, beside QEMU. */
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, test } from 'node:test'
import { talk } from '../interop/qtest-talk.ts'
import { missingFile } from '../oracle/peers.ts'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { sentByKernel } from './run-kernel.ts'

const timeout = 300_000
const uBoot = '/usr/lib/u-boot/qemu-x86/u-boot.rom'
const seaBios = '/usr/share/seabios/bios-256k.bin'

/** What the memory holds where an image may be, before the machine runs; and the end of the image, after writes. */
async function memoryWith(program: Program, image: string): Promise<readonly string[]> {
  const accel = program === vmon ? 'qtest' : 'tcg'
  const words = `-nodefaults -display none -S -m 64 -accel ${accel} -bios ${image} -qtest unix:qtest.sock,server=on,wait=off`
  await using server = await Server.start(
    [...program.command, ...words.split(' ')],
    [
      'for part in 1 2 3 4 5; do seq $((part * 100000)) 900000 | head -c 65536; done >five.img',
      'for part in 1 2 3; do cat five.img five.img five.img five.img five.img five.img; done >large.img',
    ],
  )
  await server.listening('qtest.sock')
  // All of SeaBIOS is in RAM from the start.
  const middle = image === seaBios ? [] : [0xc0000, 0xd0000]
  const places = [0, 0xa0000 - 16, ...middle, 0xe0000, 0xf0000, 0xffff0]
  const high = [1, 2, 3, 5, 8, 16, 17, 90, 91].map((segments) => 2 ** 32 - segments * 65536)
  const read = (address: number): string => `read 0x${address.toString(16)} 0x10`
  return await talk(server.path('qtest.sock'), [
    ...[...places, ...high, 2 ** 32 - 16].map(read),
    ...high.map((address) => `writel 0x${address.toString(16)} 0x12345678`),
    'writeb 0xffffffff 0x5a',
    ...[...high, 2 ** 32 - 16].map(read),
  ])
}

describe('an image of firmware', { skip: qemu.skip || missingFile(uBoot, 'u-boot-qemu'), timeout }, () => {
  for (const image of [seaBios, uBoot, 'five.img', 'large.img']) {
    test(`is where it is on QEMU, and cannot be written: ${image}`, async () => {
      assert.deepEqual(await memoryWith(vmon, image), await memoryWith(qemu, image))
    })
  }
})

test('U-Boot comes to its prompt, and finds what it finds on QEMU', {
  skip: qemu.skip || missingFile(uBoot, 'u-boot-qemu'),
  timeout,
}, async () => {
  const words = ['-vga', 'std', '-drive', 'if=ide,index=2,media=cdrom', '-bios', uBoot]
  const enough = (text: Buffer): boolean => text.toString('latin1').endsWith('\n=> ')
  const [ours, theirs] = await Promise.all(
    [vmon, qemu].map(async (program) => String(await sentByKernel(program, { words, folder: tmpdir(), enough }))),
  )
  // The processor has no name here.
  assert.equal(ours, theirs!.replace(/^CPU: .*\r$/m, 'CPU:   \r'))
})
