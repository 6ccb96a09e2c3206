import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { writeProgram } from '../programs.ts'
import type { SuiteRun, Tally } from '../suite.ts'
import { domainXml, secondCard } from './domain.ts'
import { LibvirtDaemon } from './libvirt-daemon.ts'
import { prepareLinux, typicalXml } from './typical.ts'
import { typicalSteps } from './typical-steps.ts'
import { type Verb, verbsFor } from './verbs.ts'

const run = promisify(execFile)
const rescueCd = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const domain = 'guest'
const typical = 'typical'
/** In milliseconds: how long a verb may say something else. */
const patience = 60_000
const migrationPort = 49_311

/** Who is the emulator of a domain: vmon, or QEMU for comparison. */
export type Emulator = 'vmon' | 'qemu'

/** libvirt with an emulator: a domain is defined and started, every verb is tried on it, and it moves to another daemon. */
export async function libvirt(emulator: Emulator, { signal, print }: SuiteRun): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-fleet-'))
  let [passed, failed] = [0, 0]
  const tell = (ok: boolean, what: string, why = ''): void => {
    print(`${ok ? 'ok  ' : 'FAIL'} ${emulator}: ${what}${ok ? '' : `\n     ${why.replaceAll('\n', '\n     ')}`}`)
    if (ok) passed++
    else failed++
  }
  try {
    await chmod(folder, 0o755)
    const images = await prepare(folder)
    const program = emulator === 'vmon' ? await writeProgram(folder, 'qemu-system-i386') : '/usr/bin/qemu-system-i386'
    await using daemon = await LibvirtDaemon.start(join(folder, 'a'))
    await writeFile(join(images, 'domain.xml'), domainXml(domain, { emulator: program, ...filesIn(images) }))
    const attempt = async (where: LibvirtDaemon, verb: Verb): Promise<void> => {
      if (signal.aborted) return
      const fault = await faultOf(where, verb)
      const complaints = fault === undefined ? '' : `\n${await where.complaints(domain)}`
      tell(fault === undefined, verb.words.join(' ').replaceAll(`${images}/`, ''), `${fault}${complaints}`)
    }
    await attempt(daemon, {
      words: ['domcapabilities', '--emulatorbin', program, '--virttype', 'qemu', '--arch', 'i686'],
      says: /<arch>i686<\/arch>/,
    })
    await attempt(daemon, { words: ['define', join(images, 'domain.xml')] })
    await attempt(daemon, { words: ['start', domain] })
    for (const verb of verbsFor(domain, images)) await attempt(daemon, verb)
    await using other = await LibvirtDaemon.start(join(folder, 'b'))
    await attempt(daemon, { words: ['start', domain] })
    const target = `tcp://127.0.0.1:${migrationPort}`
    await attempt(daemon, { words: ['migrate', '--live', '--unsafe', domain, other.uri, target] })
    await attempt(other, { words: ['domstate', domain], says: /^running/ })
    await attempt(daemon, { words: ['domstate', domain], says: /^shut off/ })
    await attempt(other, { words: ['destroy', domain] })

    await writeFile(join(images, 'typical.xml'), typicalXml(typical, program, images))
    await attempt(daemon, { words: ['define', join(images, 'typical.xml')] })
    await attempt(daemon, { words: ['start', typical] })
    for (const [what, prove] of typicalSteps(typical, images, other)) {
      if (signal.aborted) break
      await prove(daemon).then(
        () => tell(true, what),
        async (error: Error) => tell(false, what, `${error.message}\n${await daemon.complaints(typical)}`),
      )
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { passed, failed }
}

/** What is wrong with how a verb ended; undefined if nothing is. */
async function faultOf(where: LibvirtDaemon, { words, says, effect }: Verb): Promise<string | undefined> {
  const before = Date.now()
  for (;;) {
    const { ok, text } = await where.virsh(...words)
    if (!ok) return text
    if (says?.test(text) ?? true) break
    if (Date.now() - before > patience) return text
    await pause(500)
  }
  return effect?.().then(
    () => undefined,
    (error: Error) => error.message,
  )
}

const filesIn = (images: string) => ({ disk: join(images, 'disk.qcow2'), cd: join(images, 'cd.iso') })

/** Makes the images, which the daemon's user may write. */
async function prepare(folder: string): Promise<string> {
  const images = join(folder, 'images')
  await mkdir(images)
  await chmod(images, 0o777)
  const { disk, cd } = filesIn(images)
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '100M'])
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(images, 'other.qcow2'), '20M'])
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(images, 'typical.qcow2'), '64M'])
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(images, 'moved.qcow2'), '128M'])
  await prepareLinux(images)
  await copyFile(rescueCd, cd)
  await writeFile(join(images, 'card.xml'), secondCard)
  for (const path of [disk, cd, ...['other', 'typical', 'moved'].map((name) => join(images, `${name}.qcow2`))])
    await chmod(path, 0o666)
  return images
}
