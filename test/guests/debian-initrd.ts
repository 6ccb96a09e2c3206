import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { type CpioEntry, writeCpio } from './cpio-archive.ts'

/** Kernel, busybox and modules of Debian's i386, as tools/setup-peers lays them out. */
const folder = '/usr/local/lib/vmon-peers/linux-686'
export const debianKernel = join(folder, 'vmlinuz')
const helperSource = fileURLToPath(new URL('../../../test/guests/helper.c', import.meta.url))

/** Why there can be no Debian guest here; false if there can. */
export const noDebianGuest: string | false =
  missingFile(join(folder, 'complete'), 'linux-image-686 for i386') || missingProgram('gcc')

/** What is kept between test runs: everything in it can be made again. */
export const guestCache = join(tmpdir(), `vmon-guests-${process.getuid?.() ?? 0}`)

/** What happens first: file systems and modules. Then busybox's init keeps a shell on each serial line. */
const start = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
echo 0 >/proc/sys/kernel/printk # an emergency behind the prompt would hide it
for line in ttyS0 ttyS1; do stty -F /dev/$line cols 4000; done 2>/dev/null # so that an echo is one line
for module in $(cat /modules/order); do insmod /modules/$module; done 2>/dev/null
export PS1='# '
exec init
`
const inittab = `
ttyS0::respawn:/bin/sh
ttyS1::respawn:/bin/sh
::shutdown:/bin/sync
`

/**
 * The path of a RAM disk with busybox, the modules that tests need (loaded at boot, in the order of /modules/order), and
 * the program of helper.c as /bin/helper.
 */
export async function debianInitrd(): Promise<string> {
  const helper = await compiledHelper()
  const modules = join(folder, 'modules')
  const entries: CpioEntry[] = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'mnt', 'modules'].map((name) =>
    entry(name, 0o040755),
  )
  entries.push({ ...entry('dev/console', 0o020600), device: [5, 1] })
  entries.push(entry('bin/busybox', 0o100755, await readFile(join(folder, 'busybox'))))
  entries.push(entry('bin/helper', 0o100755, helper))
  entries.push(entry('init', 0o100755, Buffer.from(start)))
  entries.push(entry('etc/inittab', 0o100644, Buffer.from(inittab)))
  for (const name of await readdir(modules))
    entries.push(entry(`modules/${name}`, 0o100644, await readFile(join(modules, name))))
  const archive = await promisify(gzip)(writeCpio(entries), { level: 1 })
  return cached(`initrd-${digest(archive)}`, archive)
}

function entry(name: string, mode: number, data: Uint8Array = new Uint8Array(0)): CpioEntry {
  return { name, mode, links: 1, device: [0, 0], data }
}

async function compiledHelper(): Promise<Uint8Array> {
  await mkdir(guestCache, { recursive: true })
  const program = join(guestCache, `helper-${digest(await readFile(helperSource))}`)
  const there = await readFile(program).catch(() => undefined)
  if (there !== undefined) return there
  const unfinished = `${program}.${process.pid}`
  const options = '-m32 -march=i686 -Os -static -nostdlib -ffreestanding -fno-pic -no-pie -fno-stack-protector -s'
  await promisify(execFile)('gcc', [...options.split(' '), '-o', unfinished, helperSource])
  await rename(unfinished, program)
  return readFile(program)
}

async function cached(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(guestCache, name)
  await writeFile(`${path}.${process.pid}`, bytes)
  await rename(`${path}.${process.pid}`, path)
  return path
}

export function digest(...pieces: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex').slice(0, 16)
}
