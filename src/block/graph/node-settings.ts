import type { DetectZeroes } from '../open/detect-zeroes.ts'
import type { CacheMode } from '../open/driver.ts'
import type { OptionValues } from '../open/option-bag.ts'
import type { Access, NodeOwner } from './access.ts'

export type NodeState = 'open' | 'closing' | 'closed'

export interface NodeSettings {
  readonly name: string
  readonly readOnly: boolean
  readonly cache: CacheMode
  readonly detectZeroes: DetectZeroes
  /** Whether discards reach the driver. */
  readonly discard: boolean
}

export interface NewNodeSettings extends NodeSettings {
  /** The options with which it was opened, by dotted keys. */
  readonly given: OptionValues
}

/** Who attaches to a node. */
export interface NodeUser {
  /** As a conflict names it: `block device 'ide0-hd0'`. */
  readonly description: string
  /** What it calls the node. Default: `root`. */
  readonly link?: string
  readonly access?: Access
  /** What sort of user that is. Default: `other`. */
  readonly owner?: NodeOwner
}
