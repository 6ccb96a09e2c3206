import type { Arguments } from '../arguments.ts'
import { CommandLineError } from '../command-line-error.ts'
import { UsageError } from '../program-error.ts'

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

/** The words that `readMcpOptions` understands. */
export const mcpWords = 'folder= machines= memory= network allow-qmp= list-tools'

/** @throws {UsageError} if there are words that have no place; {CommandLineError} if a value makes no sense */
export function readMcpOptions(args: Arguments): McpOptions & { readonly listTools: boolean } {
  const [stranger] = args.operands
  if (stranger !== undefined) throw new UsageError(`unexpected word '${stranger}'`)
  return {
    folder: args.value('folder') ?? '.',
    machines: positive(args.value('machines') ?? '4', '--machines'),
    memory: positive(args.value('memory') ?? '1024', '--memory'),
    network: args.has('network'),
    allowQmp: args.values('allow-qmp'),
    listTools: args.has('list-tools'),
  }
}

function positive(word: string, option: string): number {
  const number = Number(word)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new CommandLineError(`${option} takes a number above 0, not '${word}'`)
}
