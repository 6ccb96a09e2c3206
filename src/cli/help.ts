import { qemuVersion } from '../qapi/index.ts'
import { type Option, options } from './option-table.ts'
import { packageVersion } from './package-version.ts'

/** The groups of options, in the order of the help. */
export const optionGroups: Readonly<Record<Option['group'], string>> = {
  machine: 'Machine',
  drives: 'Drives',
  boot: 'Start and end',
  host: 'Monitors, serial ports and other connections',
  process: 'Process',
  accepted: 'Taken from others, with little to do',
}

export function versionText(): string {
  const { major, minor, micro } = qemuVersion.qemu
  return `vmon version ${packageVersion()} (QMP of QEMU ${major}.${minor}.${micro})\n`
}

const usage = `usage: vmon [options] [disk_image]
       vmon shell ADDRESS [COMMAND [NAME=VALUE]...]
       vmon shell -H ADDRESS [LINE]
       vmon console ADDRESS
       vmon top ADDRESS...
       vmon ps FOLDER...
       vmon metrics FOLDER...
       vmon img COMMAND ...     as qemu-img
       vmon io [FILE]           as qemu-io
       vmon nbd FILE            as qemu-nbd
       vmon storage [options]   as qemu-storage-daemon
       vmon mcp [OPTION]...     for clients of the Model Context Protocol
       vmon completion bash|zsh
`

/** What -help prints. */
export function helpText(): string {
  const parts = [versionText(), usage, "\n'disk_image' is a raw hard disk image.\n"]
  for (const [group, title] of Object.entries(optionGroups)) {
    parts.push(`\n${title}:\n`)
    for (const option of options.filter((one) => one.group === group)) parts.push(optionHelp(option))
  }
  parts.push(
    '\nOptions, their arguments and their texts are QEMU’s; what QEMU has and vmon has not is refused by name.\n',
  )
  return parts.join('')
}

function optionHelp({ names, argument, help }: Option): string {
  const spelling = `${names.map((name) => `-${name}`).join(', ')}${argument === undefined ? '' : ` ${argument}`}`
  return spelling.length < 24 ? `${spelling.padEnd(24)}${help}\n` : `${spelling}\n${' '.repeat(24)}${help}\n`
}
