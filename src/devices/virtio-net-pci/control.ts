import { type ReceiveFilter, receiveModes } from './filter.ts'

const classes = { receive: 0, mac: 1, vlan: 2, announce: 3 } as const
const macCommands = { setTables: 0, setAddress: 1 } as const
const vlanCommands = { add: 0, remove: 1 } as const
/** The first two can be said to every card with a control queue; the others came later. */
const firstExtraMode = 2

/** What driver and device have agreed on. */
export interface ControlAgreement {
  readonly receive: boolean
  readonly receiveExtra: boolean
  readonly vlan: boolean
  readonly mac: boolean
}

/** What became of a command. */
export interface ControlOutcome {
  readonly done: boolean
  /** Other frames are taken than before, or may be. */
  readonly filterChanged?: boolean
  /** The guest has told where it is. */
  readonly announced?: boolean
}

const failed: ControlOutcome = { done: false }
const changed = (done: boolean): ControlOutcome => (done ? { done, filterChanged: true } : failed)

/**
 * Does what a driver asks a card for, other than to send and to receive.
 *
 * @param bytes - a class, a number in it, and what belongs to that
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.1.6.5
 */
export function control(filter: ReceiveFilter, bytes: Uint8Array, agreed: ControlAgreement): ControlOutcome {
  const [kind, command] = bytes as unknown as [number, number]
  const data = bytes.subarray(2)
  switch (kind) {
    case classes.receive:
      return changed(setMode(filter, command, data, agreed))
    case classes.mac:
      if (command === macCommands.setAddress && agreed.mac && data.length === 6) {
        filter.mac = data.slice()
        return changed(true)
      }
      return changed(command === macCommands.setTables && agreed.receive && filter.setTables(data))
    case classes.vlan: {
      if (!agreed.vlan || data.length < 2 || command > vlanCommands.remove) return failed
      return changed(filter.setVlan(data[0]! | (data[1]! << 8), command === vlanCommands.add))
    }
    case classes.announce:
      return command === 0 ? { done: true, announced: true } : failed
    default:
      return failed
  }
}

function setMode(
  { modes }: ReceiveFilter,
  command: number,
  data: Uint8Array,
  { receive, receiveExtra }: ControlAgreement,
): boolean {
  const mode = receiveModes[command]
  if (mode === undefined || data.length === 0 || !(command < firstExtraMode ? receive : receiveExtra)) return false
  if (data[0] === 0) modes.delete(mode)
  else modes.add(mode)
  return true
}
