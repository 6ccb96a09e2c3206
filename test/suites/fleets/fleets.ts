import { execFileSync, spawnSync } from 'node:child_process'
import { type Suite, type SuiteRun, SuiteUsageError, type Tally } from '../suite.ts'
import { autopkgtest } from './autopkgtest.ts'
import { containers } from './containers.ts'
import { libvirt } from './libvirt.ts'
import { slurm } from './slurm.ts'
import { watching } from './watching.ts'

/** An engine that runs machines, by Debian's packages, which come when they are needed. */
interface Engine {
  readonly packages: readonly string[]
  /** Runs when it is named alone: it takes an hour, and has passed on no emulator yet. */
  readonly onlyByName?: true
  run(run: SuiteRun): Promise<Tally>
}

const libvirtPackages = ['libvirt-daemon', 'libvirt-daemon-driver-qemu', 'libvirt-clients']

const engines = new Map<string, Engine>([
  ['vmon', { packages: libvirtPackages, run: (run) => libvirt('vmon', run) }],
  ['qemu', { packages: libvirtPackages, run: (run) => libvirt('qemu', run) }],
  [
    'containers',
    { packages: ['podman', 'crun', 'busybox-static', 'python3-yaml', 'kubernetes-client=kubectl'], run: containers },
  ],
  ['watching', { packages: ['prometheus'], run: watching }],
  ['autopkgtest', { packages: ['autopkgtest'], onlyByName: true, run: autopkgtest }],
  ['slurm', { packages: ['slurmctld', 'slurmd', 'slurm-client', 'munge'], run: slurm }],
])

/** Engines that run many machines, unmodified, with vmon as their emulator. */
export const fleets: Suite = {
  name: 'fleets',
  usage: `[${[...engines.keys()].join('|')} ...]`,
  summary:
    'libvirt has a domain on vmon, and the same on QEMU; Slurm an array of machines, of which some lose their node; Podman confines one; Prometheus watches some',
  async run(run) {
    const tally = { passed: 0, failed: 0 }
    const usual = [...engines].filter(([, { onlyByName }]) => onlyByName !== true).map(([name]) => name)
    for (const name of run.arguments.length === 0 ? usual : run.arguments) {
      const engine = engines.get(name)
      if (engine === undefined)
        throw new SuiteUsageError(`there is no part '${name}'; there are: ${[...engines.keys()].join(', ')}`)
      install(engine.packages)
      const { passed, failed } = await engine.run(run)
      tally.passed += passed
      tally.failed += failed
    }
    return tally
  },
}

const aptOptions = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120']

/** Packages of Debian's, where they are not there; as root. `PACKAGE=PROGRAM` is there when the program is. */
function install(packages: readonly string[]): void {
  const missing = packages.map((each) => each.split('=')).filter(([name, program]) => !isThere(name!, program))
  if (missing.length === 0) return
  const names = missing.map(([name]) => name!)
  execFileSync('apt-get', [...aptOptions, 'install', '--no-install-recommends', ...names], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

function isThere(name: string, program: string | undefined): boolean {
  if (program !== undefined) return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0
  // dpkg also knows packages that others only mention.
  const { stdout } = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' })
  return /^Status: .* installed$/m.test(stdout)
}
