import type { MachineSnapshots } from '../../migration/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const command = hmpFamily<{ snapshots: MachineSnapshots }>()

/** Snapshots of the whole machine, inside all images that it writes. */
export const snapshotCommands = {
  savevm: command({
    args: 'name:s?',
    params: 'tag',
    help: 'save a VM snapshot. If no tag is provided, a new snapshot is created',
    run: ({ parts: { snapshots } }, { name }) => snapshots.save({ name, overwrite: true }),
  }),
  loadvm: command({
    args: 'name:s',
    params: 'tag',
    help: 'restore a VM snapshot from its tag',
    run: ({ parts: { snapshots }, print }, { name }) => snapshots.load(name, { tell: (text) => print(`${text}\n`) }),
  }),
  delvm: command({
    args: 'name:s',
    params: 'tag',
    help: 'delete a VM snapshot from its tag',
    run: ({ parts: { snapshots } }, { name }) => snapshots.delete(name),
  }),
}
