import type { DriveSet } from '../block/index.ts'
import type { BoardHost } from '../board/index.ts'
import type { Logger } from '../log/index.ts'
import type { ObjectTree } from '../qom/index.ts'
import type { BoardListeners } from './board-listeners.ts'
import { driveAt } from './guest-drives.ts'

/** Passes what the board tells on. */
export function boardHost(
  listeners: BoardListeners,
  { drives, objectTree, log }: { readonly drives: DriveSet; readonly objectTree: ObjectTree; readonly log: Logger },
): BoardHost {
  return {
    guestReset: () => listeners.ask((runControl) => runControl.guestReset()),
    guestShutdown: () => listeners.ask((runControl) => runControl.guestShutdown()),
    clockSet: (offset) =>
      listeners.events.emit('RTC_CHANGE', { offset, 'qom-path': objectTree.firstOf('mc146818rtc')?.path ?? '' }),
    guestSuspend: (kind) => listeners.ask((runControl) => runControl.guestSuspend(kind)),
    crashed: (error) => {
      log.log('machine', 'the board has failed', { error })
      listeners.failed(error)
      listeners.ask((runControl) => runControl.boardFailed())
    },
    deviceFailed: (message) => log.log('machine', 'a device of the guest has failed', { message }),
    wakeRequested: () =>
      listeners.ask(async (runControl) => {
        if (runControl.state === 'suspended') await runControl.wakeup()
      }),
    vmmouse: (mode) => listeners.input?.setVmmouse(mode),
    keyboardLeds: (leds) => listeners.input?.setLeds(leds),
    guestTray: async (slot, move) => (await driveAt(drives, slot)?.guestTray(move)) ?? false,
    serialOutput: (port, bytes) => listeners.serial[port]?.output(bytes),
    interruptLine: (line, asserted) => listeners.interruptLine?.(line, asserted),
    firmwareLog: (line) => log.log('firmware', line),
  }
}
