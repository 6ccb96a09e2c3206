import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeProgram } from '../programs.ts'
import type { SuiteRun, Tally } from '../suite.ts'

const run = promisify(execFile)
const setup = fileURLToPath(new URL('../../../../tools/setup-suites', import.meta.url))
/** Where `tools/setup-suites debian` puts it. */
const image = '/usr/local/lib/vmon-peers/debian-i386.qcow2'
/** In seconds: how long Debian may take to start. */
const patience = 1800

/** A package with a test that wants a machine for itself, as root. */
const packageFiles: Readonly<Record<string, string>> = {
  'debian/control': `Source: in-a-machine
Section: misc
Priority: optional
Maintainer: Nobody <nobody@example.org>
Standards-Version: 4.6.2

Package: in-a-machine
Architecture: all
Description: package without contents
 Its test tells where it runs.
`,
  'debian/changelog': `in-a-machine (1) unstable; urgency=low

  * A package without contents.

 -- Nobody <nobody@example.org>  Mon, 01 Jan 2024 00:00:00 +0000
`,
  'debian/source/format': '3.0 (native)\n',
  'debian/tests/control': 'Tests: whereabouts\nDepends:\nRestrictions: needs-root, isolation-machine\n',
  'debian/tests/whereabouts': `#!/bin/sh
set -e
[ "$(id -u)" = 0 ]
[ "$(cat /proc/1/comm)" = init ]
[ "$(dpkg --print-architecture)" = i386 ]
mount | grep -q ^/dev/vda1
dd if=/dev/zero of="$AUTOPKGTEST_TMP/zeroes" bs=1M count=4 conv=fsync 2>/dev/null
sha256sum <"$AUTOPKGTEST_TMP/zeroes"
uname -sm
`,
}
const zeroes = 'bb9f8df61474d25e71fa00722318cd387396ca1736605e1248821cc0de3d3af8'

/** Debian's tests of packages, unmodified, in Debian for i386 on vmon, and the same on QEMU. */
export async function autopkgtest({ signal, print }: SuiteRun): Promise<Tally> {
  if (!existsSync(image)) await run(setup, ['debian'], { signal, maxBuffer: 16 << 20 })
  const folder = await mkdtemp(join(tmpdir(), 'vmon-apt-'))
  let [passed, failed] = [0, 0]
  try {
    await writePackage(join(folder, 'package'))
    const emulators = { vmon: await writeProgram(folder, 'vmon-as-qemu'), qemu: '/usr/bin/qemu-system-i386' }
    for (const [name, program] of Object.entries(emulators)) {
      if (signal.aborted) break
      try {
        const start = performance.now()
        await testPackage(folder, name, program, signal)
        print(
          `ok   autopkgtest: a package passes its test on ${name} (${Math.round((performance.now() - start) / 1000)} s)`,
        )
        passed++
      } catch (error) {
        const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string }
        print(`FAIL autopkgtest: ${name}: ${message}\n${stdout.slice(-2000)}${stderr.slice(-4000)}`)
        failed++
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { passed, failed }
}

async function writePackage(folder: string): Promise<void> {
  for (const [name, text] of Object.entries(packageFiles)) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    await chmod(path, 0o755)
  }
}

/** @throws if the test has not passed */
async function testPackage(folder: string, name: string, program: string, signal: AbortSignal): Promise<void> {
  const results = join(folder, `results-${name}`)
  const machine = [
    'qemu',
    `--qemu-command=${await writeWithoutKvm(join(folder, `bin-${name}`), program)}`,
    `--timeout-reboot=${patience}`,
    '--ram-size=256',
    image,
  ]
  const words = ['--no-built-binaries', '--timeout-factor=20', `--output-dir=${results}`, join(folder, 'package')]
  await run('autopkgtest', [...words, '--', ...machine], { signal, maxBuffer: 64 << 20 })
  assert.match(await readFile(join(results, 'summary'), 'utf8'), /^whereabouts +PASS$/m)
  const log = await readFile(join(results, 'log'), 'utf8')
  assert.match(log, /^(autopkgtest \[[\d:]+\]: )?@@@@@@@@@@* summary\nwhereabouts +PASS$/m)
  const said = await readFile(join(results, 'whereabouts-stdout'), 'utf8')
  assert.equal(said, `${zeroes}  -\nLinux i686\n`)
}

/** Where the host has KVM, autopkgtest asks for it, which is not to be had here. */
async function writeWithoutKvm(folder: string, program: string): Promise<string> {
  await mkdir(folder)
  const path = join(folder, 'qemu-system-i386')
  const take = 'for word do shift; [ "$word" = -enable-kvm ] || set -- "$@" "$word"; done'
  await writeFile(path, `#!/bin/sh\n${take}\nexec '${program}' "$@"\n`)
  await chmod(path, 0o755)
  return path
}
