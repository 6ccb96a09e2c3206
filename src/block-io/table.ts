import { aioCommands } from './commands/aio.ts'
import { allocationCommands } from './commands/allocation.ts'
import { breakpointCommands } from './commands/breakpoints.ts'
import { imageCommands } from './commands/image.ts'
import { processCommands } from './commands/process.ts'
import { readCommands } from './commands/read.ts'
import { reopenCommands } from './commands/reopen.ts'
import { writeCommands } from './commands/write.ts'
import type { IoTable } from './io-command.ts'

/** Every command but help, which looks at the others, and those of a program that opens images itself. */
export const commandTable: IoTable = {
  ...readCommands,
  ...writeCommands,
  ...aioCommands,
  ...imageCommands,
  ...allocationCommands,
  ...breakpointCommands,
  ...reopenCommands,
  ...processCommands,
}
