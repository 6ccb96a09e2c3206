import type { Arguments } from '../arguments.ts'
import { findMachines } from '../machines/find-machines.ts'
import { say, warn } from '../outputs.ts'
import { printable } from '../printable.ts'
import { UsageError } from '../program-error.ts'
import { runProgram } from '../run-program.ts'
import { MachineWatch } from '../top/machine-watch.ts'

const help = `Usage: vmon ps [OPTION]... ADDRESS|FOLDER...

Lists machines, vmon's or QEMU's, each by its QMP server: name, run state, CPUs, block jobs, address.

  ADDRESS     unix:PATH, PATH, tcp:HOST:PORT or HOST:PORT
  FOLDER      of sockets: those whose names hold qmp or monitor

Options:
  -q          print the addresses of the machines that answer, and nothing else
  -h, --help  this text

Exit status: 0, or 1 if a machine does not answer, 2 if the words make no sense.
`

/** `vmon ps`: which machines there are. @returns the exit status */
export function runPs(argv: readonly string[]): Promise<number> {
  return runProgram({ name: 'ps', help, options: 'q', run }, argv)
}

async function run(args: Arguments): Promise<number> {
  if (args.operands.length === 0) throw new UsageError('an ADDRESS or a FOLDER is needed')
  const addresses = await findMachines(args.operands, (folder) =>
    warn(`vmon ps: ${printable(folder)}: no sockets of QMP servers there\n`),
  )
  return await list(addresses, args.has('q'))
}

async function list(addresses: readonly string[], quiet: boolean): Promise<number> {
  const watches = addresses.map((address) => new MachineWatch(address))
  try {
    await Promise.all(watches.map((watch) => watch.look()))
    const there = watches.filter(({ watched }) => watched.state === 'known')
    if (quiet) for (const { address } of there) say(`${printable(address)}\n`)
    else
      say(
        tableOf(
          [['NAME', 'STATE', 'CPUS', 'JOBS', 'ADDRESS'], ...watches.map(cellsOf)].map((row) => row.map(printable)),
        ),
      )
    return there.length === watches.length ? 0 : 1
  } finally {
    await Promise.all(watches.map((watch) => watch[Symbol.asyncDispose]()))
  }
}

function cellsOf({ address, watched }: MachineWatch): readonly string[] {
  if (watched.state !== 'known')
    return ['-', 'unknown', '-', '-', `${address} (${watched.state === 'lost' ? watched.reason : 'no answer'})`]
  const { name, status, cpus, jobs } = watched.sample
  return [name ?? '-', status, String(cpus), String(jobs?.length ?? '-'), address]
}

/** Columns as wide as their widest cells; the last one ends the line. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
