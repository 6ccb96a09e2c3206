import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directBoot } from './direct-boot.ts'
import { videoMode } from './linux-image.ts'

/** A kernel of one setup sector more than the boot sector, with `HdrS` and a version. */
function kernel(protocol: number, { high = true, initrdMax = 0x7fffffff, flags = 0 } = {}): Uint8Array {
  const image = new Uint8Array(0x2000)
  const header = new DataView(image.buffer)
  header.setUint8(0x1f1, 1)
  header.setUint32(0x202, 0x53726448, true)
  header.setUint16(0x206, protocol, true)
  header.setUint8(0x211, high ? 1 : 0)
  header.setUint32(0x22c, initrdMax, true)
  header.setUint16(0x236, flags, true)
  image.fill(0xaa, 0x400)
  return image
}

interface Booted {
  readonly image: Uint8Array
  readonly append?: string
  readonly initrd?: number
  readonly ramBytes?: number
}

/** What the option ROM is told, by key, and the setup. */
async function told({ image, append = '', initrd, ramBytes = 256 << 20 }: Booted) {
  const files = { name: 'vmlinuz', image, initrd: initrd === undefined ? undefined : 'initrd', append, ramBytes }
  const ramDisk = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(initrd!))
  const { items } = await directBoot(files, { ramDisk, module: ramDisk })
  const bytes = new Map(items)
  const value = (key: number): number => Buffer.from(bytes.get(key)!).readUInt32LE()
  return { value, setup: Buffer.from(bytes.get(0x18)!), kernel: bytes.get(0x11)!, bytes }
}

test('a kernel and its command line go where QEMU puts them, by the age of the kernel', async () => {
  for (const [protocol, high, places] of [
    [0x20f, true, [0x10000, 0x20000, 0x100000]],
    [0x202, true, [0x10000, 0x20000, 0x100000]],
    [0x20f, false, [0x90000, 0x9a000 - 16, 0x10000]],
    [0x201, true, [0x90000, 0x9a000 - 16, 0x100000]],
  ] as const) {
    const { value, kernel: loaded, setup } = await told({ image: kernel(protocol, { high }), append: 'quiet' })
    assert.deepEqual([value(0x16), value(0x13), value(0x07)], places, `protocol ${protocol.toString(16)}`)
    assert.equal(setup.length, 0x400)
    assert.deepEqual([loaded.length, loaded[0]], [0x1c00, 0xaa])
    assert.equal(setup[0x210], 0xb0)
    assert.equal(setup[0x211]! & 0x80, 0x80)
    if (protocol >= 0x202) assert.equal(setup.readUInt32LE(0x228), places[1])
    else assert.deepEqual([setup.readUInt16LE(0x20), setup.readUInt16LE(0x22)], [0xa33f, places[1] - places[0]])
  }
})

test('a RAM disk goes to the end of memory, or as high as the kernel allows', async () => {
  const initrd = 100_000
  const place = async (image: Uint8Array, ramBytes: number): Promise<number> => {
    const { value, setup } = await told({ image, initrd, ramBytes })
    assert.equal(setup.readUInt32LE(0x218), value(0x0a))
    assert.equal(setup.readUInt32LE(0x21c), initrd)
    return value(0x0a)
  }
  const below = (limit: number): number => Math.floor((limit - 1 - initrd) / 4096) * 4096
  assert.equal(await place(kernel(0x20f), 256 << 20), below((256 << 20) - 0x28000))
  assert.equal(await place(kernel(0x203, { initrdMax: 0x4000000 }), 256 << 20), below(0x4000001))
  assert.equal(await place(kernel(0x20c, { initrdMax: 0x4000000, flags: 2 }), 256 << 20), below((256 << 20) - 0x28000))
  assert.equal(await place(kernel(0x202), 1024 << 20), below(0x38000000))
  await assert.rejects(told({ image: kernel(0x20f), initrd: 4 << 20, ramBytes: 4 << 20 }), {
    message: 'initrd is too large, cannot support.(max: 4030463, need 4194304)',
  })
})

test('vga= on the command line is the video mode, in QEMU’s ways to write a number', async () => {
  const { setup } = await told({ image: kernel(0x20f), append: 'quiet vga=788 console=tty0' })
  assert.equal(setup.readUInt16LE(0x1fa), 788)
  for (const [text, mode] of [
    ['', undefined],
    ['vga=normal', 0xffff],
    ['vga=ext', 0xfffe],
    ['vga=ask', 0xfffd],
    ['vga=0x314', 0x314],
    ['vga=0', 0],
    ['vga=01424', 788],
    ['vga=-1', -1],
    ['a vga=1 vga=2', 1],
  ] as const) {
    assert.equal(videoMode(text), mode, text)
  }
  for (const text of ['vga=', 'vga=x', 'vga=1,2', 'vga=4294967296', 'vga=08', 'vga=0x']) {
    assert.throws(() => videoMode(text), { message: "invalid 'vga=' kernel parameter." }, text)
  }
})
