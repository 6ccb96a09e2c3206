import { parseArgs } from 'node:util'

export interface McpOptions {
  /** Where all files are that tools name. */
  readonly folder: string
  readonly machines: number
  /** MiB of RAM that all machines may have together. */
  readonly memory: number
  /** Whether machines may have a network. */
  readonly network: boolean
  /** Commands that the tool `qmp` takes beside those that it takes anyway; `*` at the end of one stands for anything. */
  readonly allowQmp: readonly string[]
}

export const mcpHelp = `Usage: vmon mcp [OPTION]...

A server of the Model Context Protocol on standard input and output: a client (an assistant, a test) starts machines,
sees their screens, types, talks over serial ports, keeps and restores snapshots, forks, makes and changes disks. The
machines end with it.

Options:
  --folder DIR       where the files are that it may read and write; the working directory, if not said
  --machines N       how many machines there may be at a time (default 4)
  --memory MIB       how much RAM they may have together (default 1024)
  --network          machines may have a network: it reaches what the user of this program reaches
  --allow-qmp NAME   a QMP command that may be run beside those that only ask and those that a tool stands for; NAME*
                     allows all that begin so. Commands that name files reach all that the user reaches
  --list-tools       print the tools, with what they take, and end
  -h, --help         this text

What a guest shows is no more to be trusted than the guest. Exit status: 0, or 2 if the words make no sense.
`

/** @returns undefined if only help is wanted; @throws {Error} with a text for the user */
export function readMcpOptions(argv: readonly string[]): (McpOptions & { readonly listTools: boolean }) | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      folder: { type: 'string', default: '.' },
      machines: { type: 'string', default: '4' },
      memory: { type: 'string', default: '1024' },
      network: { type: 'boolean', default: false },
      'allow-qmp': { type: 'string', multiple: true, default: [] },
      'list-tools': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  return {
    folder: values.folder,
    machines: positive(values.machines, '--machines'),
    memory: positive(values.memory, '--memory'),
    network: values.network,
    allowQmp: values['allow-qmp'],
    listTools: values['list-tools'],
  }
}

function positive(word: string, option: string): number {
  const number = Number(word)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${option} takes a number above 0, not '${word}'`)
  return number
}
