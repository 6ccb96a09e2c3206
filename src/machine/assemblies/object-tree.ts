import { ObjectTree } from '../../qom/index.ts'
import { objectTypes } from '../object-types.ts'
import { addMachine } from '../tree/machine-object.ts'
import type { Start } from './start.ts'

/** The tree of objects, with the machine and its folders in it. */
export function objectTree({ config }: Start): { readonly objectTree: ObjectTree } {
  const tree = new ObjectTree(objectTypes)
  addMachine(tree, config, config.machine === 'pc' ? (config.firmware.bios ?? 'bios-256k.bin') : '')
  tree.container('chardevs')
  return { objectTree: tree }
}
