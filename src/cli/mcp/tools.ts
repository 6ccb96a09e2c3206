import { diskTools } from './disk-tools.ts'
import { inputTools } from './input-tools.ts'
import { machineTools } from './machine-tools.ts'
import { qmpTool } from './qmp-tool.ts'
import { screenTools } from './screen-tools.ts'
import { serialTools } from './serial-tools.ts'
import { snapshotTools } from './snapshot-tools.ts'
import { waitTool } from './wait-tool.ts'

/** All tools, in the order in which they are listed. */
export const tools = [
  ...machineTools,
  ...screenTools,
  waitTool,
  ...inputTools,
  ...serialTools,
  ...snapshotTools,
  ...diskTools,
  qmpTool,
]
