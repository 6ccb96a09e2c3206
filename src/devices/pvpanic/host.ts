import type { HostSide } from '../model.ts'
import type { GuestNews } from './wire.ts'

export const host: HostSide = ({ services }) => ({
  receive: (message) => {
    if ((message as GuestNews) === 'panicked') services.guestPanicked()
    else services.guestCrashloaded()
  },
})
