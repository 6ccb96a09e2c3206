/**
 * Checks what the packages that are installed for users say of their licence: permissive ones only. Those for building and
 * testing are not given away, and may be under any that allows to use them.
 */
import { readFileSync } from 'node:fs'

interface Locked {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
}

const permissive = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'])
/** Licences that ask for something of who gives a package away, as we do not; with what was looked at. */
const looked: Readonly<Record<string, string>> = {
  '@novnc/novnc': 'MPL-2.0', // files of its own, served as they are installed; no part of the package
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>
}
const faults: string[] = []
let count = 0
for (const [path, { version, license, dev }] of Object.entries(packages)) {
  if (path === '' || dev === true) continue
  count++
  const name = path.replace(/^.*node_modules\//, '')
  const words = (license ?? 'none').replace(/^\((.*)\)$/, '$1').split(' OR ')
  if (!words.some((word) => permissive.has(word)) && looked[name] !== license)
    faults.push(`${name} ${version}: licence ${license ?? 'unknown'}`)
}
for (const fault of faults) console.error(fault)
console.log(`licences: ${count} packages, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
