import { toolFamily } from '../../mcp/index.ts'
import { opt, str } from '../../qapi/index.ts'
import type { McpOptions } from './mcp-options.ts'
import type { OwnFolder } from './own-folder.ts'
import type { RunningMachines } from './running-machines.ts'

/** All that the tools may touch. */
export interface McpNeeds {
  readonly machines: RunningMachines
  readonly folder: OwnFolder
  readonly options: Pick<McpOptions, 'network' | 'allowQmp'>
}

export const tool = toolFamily<McpNeeds>()

/** The argument of most tools. */
export const machine = opt(str, 'name of the machine; may be left out where there is one only')
