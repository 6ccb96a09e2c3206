import { OptionError, type OptionKinds, type OptionList, parseOptionList } from '../keyval/index.ts'
import { CommandLineError } from './command-line-error.ts'
import type { Option, ProcessWishes } from './option-table.ts'
import { complain } from './outputs.ts'
import { readUser } from './user.ts'

/** An option whose words are checked as QEMU checks them, and that changes little or nothing here. */
type Accepted = Option & { readonly group: 'accepted' }

const allowOrDeny: OptionKinds = {
  enable: 'boolean',
  obsolete: 'string',
  elevateprivileges: 'string',
  spawn: 'string',
  resourcecontrol: 'string',
}

/** Options of QEMU's that a machine without sound and windows takes, as management programs give them. */
export const acceptedOptions: readonly Accepted[] = [
  {
    names: ['audiodev'],
    argument: 'none,id=ID',
    group: 'accepted',
    help: 'sound that nobody hears; there is no sound card',
    complete: ['none,id='],
    apply: ({ draft }, text, origin) => draft.screens.audio(text, origin),
  },
  {
    names: ['gdb'],
    argument: 'none',
    group: 'accepted',
    help: 'no server for a debugger; there is none',
    complete: ['none'],
    apply: (_, text, origin) => only('none', text, origin),
  },
  {
    names: ['overcommit'],
    argument: '[mem-lock=on|off][,cpu-pm=on|off]',
    group: 'accepted',
    help: 'whether RAM is kept from being swapped, and the CPU may sleep; no difference is made',
    complete: ['mem-lock=off', 'cpu-pm=off'],
    apply: (_, text, origin) => {
      const list = words(text, origin, { 'mem-lock': 'boolean', 'cpu-pm': 'boolean' })
      if (list.boolean('mem-lock') === true) complain(`${origin}: warning: memory is not locked`)
    },
  },
  {
    names: ['msg'],
    argument: '[timestamp=on|off][,guest-name=on|off]',
    group: 'accepted',
    help: 'what stands before messages on standard error: the time, the name of the machine',
    complete: ['timestamp=on', 'guest-name=on'],
    apply: ({ process }, text, origin) => {
      const list = words(text, origin, { timestamp: 'boolean', 'guest-name': 'boolean' })
      process.messages = {
        timestamp: list.boolean('timestamp') ?? false,
        guestName: list.boolean('guest-name') ?? false,
      }
    },
  },
  {
    names: ['sandbox'],
    argument: 'on|off[,elevateprivileges=allow|deny|children][,spawn=allow|deny][,...]',
    group: 'accepted',
    help: 'what the process may not do: gain privileges; it makes no other processes, and controls no resources, anyway',
    complete: ['on', 'off', 'on,elevateprivileges=deny'],
    apply: ({ process }, text, origin) => readSandbox(process, text, origin),
  },
  {
    names: ['runas'],
    argument: 'USER|UID:GID',
    group: 'accepted',
    help: 'become this user as soon as the machine has started',
    apply: ({ process }, text, origin) => {
      process.user = readUser(text)
      if (process.user === undefined) throw refused(origin, `User "${text}" doesn't exist (and is not <uid>:<gid>)`)
    },
  },
  {
    names: ['chroot'],
    argument: 'FOLDER',
    group: 'accepted',
    help: 'let this folder be the root of all paths as soon as the machine has started',
    complete: 'folder',
    apply: ({ process }, text) => {
      process.root = text
    },
  },
  {
    names: ['no-hpet'],
    group: 'accepted',
    help: 'no HPET; there is none',
    apply: ({ draft }, _, origin) => draft.machine('hpet=off', origin),
  },
  {
    names: ['no-acpi'],
    group: 'accepted',
    help: 'neither power management nor ACPI tables: -machine acpi=off',
    apply: ({ draft }, _, origin) => draft.machine('acpi=off', origin),
  },
  {
    names: ['no-fd-bootchk'],
    group: 'accepted',
    help: 'floppies boot without a signature in their first sector',
    apply: ({ draft }) => {
      draft.anyFloppy = true
    },
  },
  {
    names: ['seed'],
    argument: 'NUMBER',
    group: 'accepted',
    help: 'where random numbers begin; those that a guest sees come from the system all the same',
    apply: (_, text, origin) => {
      if (!/^\s*\+?(0x[\da-f]+|\d+)$/i.test(text) || BigInt(text.trim().replace('+', '')) >= 2n ** 64n)
        throw refused(origin, `Invalid seed number: ${text}`)
    },
  },
  {
    names: ['dtb'],
    argument: 'FILE',
    group: 'accepted',
    help: 'a device tree, of which a PC knows nothing',
    complete: 'file',
    apply: () => undefined,
  },
  {
    names: ['mem-prealloc'],
    group: 'accepted',
    help: 'RAM is said to be there from the start',
    apply: ({ draft }) => draft.preallocate(),
  },
  ...['full-screen', 'win2k-hack', 'portrait', 'enable-sync-profile'].map((name) => ({
    names: [name],
    group: 'accepted' as const,
    help: 'no difference is made',
    apply: () => undefined,
  })),
  {
    names: ['rotate'],
    argument: 'DEGREES',
    group: 'accepted',
    help: 'how windows show the screen; there are none',
    apply: () => undefined,
  },
  {
    names: ['only-migratable'],
    group: 'accepted',
    help: 'no devices that cannot migrate; there are none',
    apply: () => undefined,
  },
]

function refused(origin: string, text: string): CommandLineError {
  return new CommandLineError(`${origin}: ${text}`)
}

/** Of what vmon lacks, only its absence can be asked for. */
function only(word: string, text: string, origin: string): void {
  if (text !== word) throw refused(origin, "this option of QEMU's is not available in vmon")
}

function words(text: string, origin: string, kinds: OptionKinds, impliedName?: string): OptionList {
  try {
    return parseOptionList(text, {
      kinds,
      ...(impliedName !== undefined && { impliedName }),
      warn: (warning) => complain(`${origin}: warning: ${warning}`),
    })
  } catch (error) {
    if (error instanceof OptionError) throw refused(origin, error.message)
    throw error
  }
}

function readSandbox(process: ProcessWishes, text: string, origin: string): void {
  const list = words(text, origin, allowOrDeny, 'enable')
  const on = list.boolean('enable') ?? false
  for (const name of ['obsolete', 'elevateprivileges', 'spawn', 'resourcecontrol']) {
    const value = list.get(name)
    const fits = value === 'allow' || value === 'deny' || (value === 'children' && name === 'elevateprivileges')
    if (on && value !== undefined && !fits) throw refused(origin, `invalid argument for ${name}`)
  }
  const privileges = list.get('elevateprivileges') ?? 'allow'
  process.noNewPrivileges = on && privileges !== 'allow'
}
