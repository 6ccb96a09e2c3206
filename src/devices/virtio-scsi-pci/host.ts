import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import { cut, missingUnit, type ScsiAnswer, type ScsiCommand, ScsiUnit, scsiStatus } from '../scsi/scsi-unit.ts'
import { senses } from '../scsi/sense.ts'
import type { UnitCarrier } from '../scsi/unit-carrier.ts'
import type { FromScsi, NumberedAnswer, NumberedCommand, ScsiEvent, ToScsi } from './wire.ts'

const reportLuns = 0xa0

/** What stands behind the controller: the units on its bus. */
export const host: HostSide = () => {
  let guest: PluggedDevice | undefined
  /** By target and logical unit. */
  const targets = new Map<number, Map<number, ScsiUnit>>()
  let answers: NumberedAnswer[] = []
  /** A board that is built again knows nothing of what the one before has asked for. */
  let life = 0

  const send = (message: ToScsi, given?: readonly ArrayBuffer[]): void => guest?.send(message, given)
  const tellOf = (event: ScsiEvent): void => send({ type: 'event', event })
  /** What ends in the same turn is told together. */
  const answer = (one: NumberedAnswer): void => {
    if (answers.push(one) > 1) return
    queueMicrotask(() => {
      const told = answers
      answers = []
      send({ type: 'done', answers: told }, told.flatMap(ownMemory))
    })
  }
  const execute = async ({ target, lun, ...command }: NumberedCommand): Promise<ScsiAnswer | undefined> => {
    const units = targets.get(target)
    if (units === undefined) return undefined
    if (command.cdb[0] === reportLuns) return listed([...units.keys()], command)
    return (units.get(lun) ?? new ScsiUnit(missingUnit)).execute(command)
  }
  const serve = async (command: NumberedCommand): Promise<void> => {
    const { id } = command
    const asked = life
    const ended = await execute(command)
    if (asked === life) answer(ended === undefined ? { id, missing: true } : { id, ...ended })
  }
  const forCarried: UnitCarrier = {
    add: (place, unit) => {
      const { target, lun } = place
      const units = targets.get(target) ?? new Map<number, ScsiUnit>()
      targets.set(target, units.set(lun, unit))
      unit.attend(senses.reset)
      tellOf({ ...place, kind: 'added' })
      return {
        changed: (code, qualifier) => tellOf({ ...place, kind: 'changed', code, qualifier }),
        remove: () => {
          units.delete(lun)
          if (units.size === 0) targets.delete(target)
          tellOf({ ...place, kind: 'removed' })
        },
      }
    },
  }
  return {
    forCarried,
    beginning: () => {
      life++
      return undefined
    },
    connected: (device) => {
      guest = device
    },
    receive: (message) => {
      const news = message as FromScsi
      if (news.type === 'commands') for (const command of news.commands) void serve(command)
      else for (const units of targets.values()) for (const unit of units.values()) unit.attend(senses.reset)
    },
    closed: () => {
      guest = undefined
    },
  }
}

/** REPORT LUNS. */
function listed(luns: readonly number[], { cdb }: ScsiCommand): ScsiAnswer {
  const all = [...new Set([0, ...luns])].sort((one, other) => one - other)
  const bytes = Buffer.alloc(8 + 8 * all.length)
  bytes.writeUInt32BE(8 * all.length)
  for (const [index, lun] of all.entries()) {
    if (lun < 256) bytes[8 + 8 * index + 1] = lun
    else bytes.writeUInt16BE(0x4000 | lun, 8 + 8 * index)
  }
  const allocated = new DataView(cdb.buffer, cdb.byteOffset).getUint32(6)
  return { status: scsiStatus.good, data: cut(new Uint8Array(bytes), allocated) }
}

/** The memory of bytes that have it for themselves: it need not be copied. */
function ownMemory(answer: NumberedAnswer): ArrayBuffer[] {
  const bytes = 'data' in answer ? answer.data : undefined
  if (bytes === undefined || bytes.byteLength < 4096 || bytes.byteLength !== bytes.buffer.byteLength) return []
  return [bytes.buffer as ArrayBuffer]
}
