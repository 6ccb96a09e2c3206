import { execFileSync } from 'node:child_process'
import { type Suite, SuiteUsageError } from '../suite.ts'
import { type Emulator, libvirt } from './libvirt.ts'

const emulators: readonly Emulator[] = ['vmon', 'qemu']

/** Engines that run many machines, unmodified, with vmon as their emulator. */
export const fleets: Suite = {
  name: 'fleets',
  usage: '[vmon|qemu ...]',
  summary: 'libvirt starts, watches, snapshots, saves and migrates a domain on vmon, and the same on QEMU',
  async run(run) {
    const asked = run.arguments.length === 0 ? emulators : run.arguments
    const tally = { passed: 0, failed: 0 }
    installLibvirt()
    for (const name of asked) {
      const emulator = emulators.find((each) => each === name)
      if (emulator === undefined)
        throw new SuiteUsageError(`there is no emulator '${name}'; there are: ${emulators.join(', ')}`)
      const { passed, failed } = await libvirt(emulator, run)
      tally.passed += passed
      tally.failed += failed
    }
    return tally
  },
}

/** Debian's libvirt, where it is not there; as root. */
function installLibvirt(): void {
  const packages = ['libvirt-daemon', 'libvirt-daemon-driver-qemu', 'libvirt-clients']
  try {
    execFileSync('dpkg-query', ['-W', ...packages], { stdio: 'ignore' })
  } catch {
    execFileSync('apt-get', ['-q', '-y', 'install', '--no-install-recommends', ...packages], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
}
