import type { StatefulDevice, V86Cpu } from '../v86-internals.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import type { Notice, WorkerConfig } from '../wire.ts'
import { Ib700 } from './ib700.ts'
import { addPvpanic } from './pvpanic.ts'
import { RtcSetting } from './rtc-setting.ts'

/** A device of our own that v86 does not know. */
export interface ExtraDevice extends StatefulDevice {
  reset?(): void
}

export interface ExtraDeviceHost {
  notify(notice: Notice): void
  /** Lets the guest stand still behind the instruction at work, and tells why. */
  stop(notice: Notice): void
}

/** Builds in what `-device` asks for, and the clock that a guest can set; by the names under which states are kept. */
export function addDevices(
  cpu: V86Cpu,
  clock: VirtualClock,
  { devices = [] }: WorkerConfig,
  host: ExtraDeviceHost,
): ReadonlyMap<string, ExtraDevice> {
  const extras = new Map<string, ExtraDevice>()
  extras.set('rtc', new RtcSetting(cpu, (offsetSeconds) => host.notify({ type: 'clockSet', offsetSeconds })))
  for (const [index, device] of devices.entries()) {
    if (device.driver === 'ib700') {
      extras.set(`ib700.${index}`, new Ib700(cpu, clock, () => host.notify({ type: 'watchdogExpired' })))
    } else {
      addPvpanic(cpu, device.properties, {
        panicked: () => host.stop({ type: 'guestPanicked' }),
        crashLoaded: () => host.notify({ type: 'guestCrashloaded' }),
      })
    }
  }
  return extras
}
