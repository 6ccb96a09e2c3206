import type { DeviceProperties } from '../../board/index.ts'

const otherCommunication = 0x0780
/** Display controllers and devices of no class, of kinds of their own. */
const others = [0x0380, 0x00ff]

/** The class of the controller on the PCI bus: what is said is not always taken. */
export function serialClass({ class: said }: DeviceProperties): number {
  return others.includes(Number(said)) ? Number(said) : otherCommunication
}
