import type { HostSide } from '../model.ts'
import { portHost } from '../virtserialport/host.ts'

export const host: HostSide = (surroundings) => portHost(surroundings, { console: true })
