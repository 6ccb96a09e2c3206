import { lstat, mkdir } from 'node:fs/promises'
import { openDisk } from '../../block/index.ts'
import { isSavedMachine } from '../../machine/index.ts'
import { oneOf, opt, req, str } from '../../qapi/index.ts'
import type { ManagedMachine } from './managed-machine.ts'
import { machine, tool } from './needs.ts'

const actions = oneOf('SnapshotAction', ['save', 'restore', 'delete', 'list'])

/** Machines that go on from where one has been. */
export const snapshotTools = [
  tool({
    name: 'snapshot',
    doc: 'Keep the whole machine (CPU, devices, RAM, disks) inside its qcow2 images, go back to what was kept, delete or list it. Needs a qcow2 disk; all that the guest can write to must be one. Without such a disk: machine_save.',
    args: {
      machine,
      action: req(actions, 'what to do'),
      name: opt(str, 'name of the snapshot: letters, digits, _ . -'),
    },
    hints: { destructive: true },
    async run({ machines }, { machine: machineName, action, name }, { signal }) {
      const found = machines.find(machineName)
      if (action === 'list') return humanLine(found, 'info snapshots', signal)
      if (name === undefined || !/^[\w.][\w.-]*$/.test(name))
        throw new Error('a name is needed: letters, digits, _ . -')
      const said = await humanLine(found, `${lines[action]} ${name}`, signal)
      if (said.trim() !== '') throw new Error(said.trim())
      return `${action} ${name}: done`
    },
  }),

  tool({
    name: 'machine_save',
    doc: 'Keep CPU, devices and RAM of a machine in a file, from which machine_start can go on (state). Disks are not in the file: give the other machine what they held then.',
    args: { machine, file: req(str, 'the file: a new one, or one of machine_save, whose state is lost') },
    hints: { destructive: true },
    async run({ machines, folder }, { machine: name, file }) {
      const found = machines.find(name)
      const path = await folder.pathOf(file)
      await checkReplaceable(path, file)
      await found.vm.machine.save(path)
      return `saved to ${file}`
    },
  }),

  tool({
    name: 'machine_fork',
    doc: 'Start a second machine that goes on from where this one stands; both go on. Disks that can be written get overlays in a folder, so that neither sees what the other writes.',
    args: {
      machine,
      name: opt(str, 'name of the new machine'),
      folder: opt(str, 'where the overlays go (default: forks)'),
    },
    async run({ machines, folder }, { machine: name, name: newName, folder: place = 'forks' }) {
      const path = await folder.pathOf(place)
      await mkdir(path, { recursive: true })
      const fork = await machines.fork(machines.find(name), newName, { folder: path })
      return `machine ${fork.name} goes on from there`
    },
  }),
]

/**
 * A state may take the place of another one. An image may look like one, as a guest can write anything to its disk: then it
 * must be nobody's.
 *
 * @throws {Error} with a text for the client @throws {BlockError} kind `locked`, if it is an image in use
 */
async function checkReplaceable(path: string, name: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  if (there === undefined) return
  if (!there.isFile() || !(await isSavedMachine(path)))
    throw new Error(`'${name}' is there already, and is no state of a machine`)
  await (await openDisk(path, { format: 'raw' })).close()
}

const lines = { save: 'savevm', restore: 'loadvm', delete: 'delvm' } as const

function humanLine({ vm }: ManagedMachine, line: string, signal: AbortSignal): Promise<string> {
  return vm.qmp.execute('human-monitor-command', { 'command-line': line }, { signal })
}
