import type { BoardDevices, GuestSides } from '../board/index.ts'
import type { DeviceEntry, DeviceModel, HostSide } from './model.ts'
import { allDevices, deviceTable, pcParts } from './table.ts'
import { workerProgram } from './worker-program.ts'

/** The models that can be added, by their names. */
export const deviceModels: Readonly<Record<string, DeviceModel>> = byName(deviceTable)

/** The models that are part of every PC, by their names. */
export const pcModels: Readonly<Record<string, DeviceModel>> = byName(pcParts)

/** The model of a name, which may be another one of it; undefined if there is none. */
export function modelNamed(name: string): DeviceModel | undefined {
  return deviceTable.find(({ model }) => model.name === name || model.aliases?.includes(name) === true)?.model
}

/** Whether a device of this model can be plugged into a board, or into a device of it; the others are part of it. */
export function isPluggable(model: string): boolean {
  const entry = entryOf(deviceTable, model)
  return entry?.guest !== undefined || entry?.host !== undefined
}

/** The guest's sides of the models of a table. */
export function guestSides(table: readonly DeviceEntry[]): GuestSides {
  return (model) =>
    entryOf(table, model)
      ?.guest?.()
      .then(({ guest }) => guest)
}

/** Finds the host's side of a model; undefined if it has none. */
export function hostSideOf(model: string): Promise<HostSide> | undefined {
  return entryOf(allDevices, model)
    ?.host?.()
    .then(({ host }) => host)
}

/** What boards can carry. */
export const boardDevices: BoardDevices = {
  guests: guestSides(allDevices),
  get worker() {
    return workerProgram()
  },
}

function byName(table: readonly DeviceEntry[]): Readonly<Record<string, DeviceModel>> {
  return Object.fromEntries(table.map(({ model }) => [model.name, model]))
}

function entryOf(table: readonly DeviceEntry[], model: string): DeviceEntry | undefined {
  return table.find((entry) => entry.model.name === model)
}
