import type { PluggedDevice } from '../../board/index.ts'
import { NinePSession, openSharedFolder } from '../../file-sharing/index.ts'
import type { HostSide } from '../model.ts'
import type { FromFolder, ToFolder } from './wire.ts'

/** Answers what the guest asks of its folder. */
export const host: HostSide = ({ properties, services }) => {
  let guest: PluggedDevice | undefined
  let session: Promise<NinePSession | undefined> | undefined
  let inUse = (): boolean => false
  /** A board that is built again knows nothing of what the one before has asked for. */
  let life = 0
  /** A folder that cannot be opened any more has nothing in it. */
  const opened = (): Promise<NinePSession | undefined> => {
    session ??= openSharedFolder(services.sharedFolder()).then(
      (shared) => {
        const begun = new NinePSession(shared)
        inUse = () => begun.inUse
        return begun
      },
      () => undefined,
    )
    return session
  }
  const answer = async (id: number, message: Uint8Array): Promise<void> => {
    const asked = life
    const conversation = await opened()
    const bytes = (await conversation?.answer(message)) ?? new Uint8Array()
    if (asked !== life) return
    const told: ToFolder = { id, answer: bytes, inUse: inUse() }
    guest?.send(told, [bytes.buffer as ArrayBuffer])
  }
  const forget = async (): Promise<void> => (await session)?.reset()
  return {
    beginning: () => {
      life++
      void forget()
    },
    connected: (device) => {
      guest = device
    },
    receive: (message) => {
      const said = message as FromFolder
      if (said.type === 'asked') void answer(said.id, said.message)
      else void forget()
    },
    migrationBlocker: () =>
      inUse()
        ? `Migration is disabled when VirtFS export path '${services.sharedFolder().path}' is mounted in the guest ` +
          `using mount_tag '${properties['mount_tag']}'`
        : undefined,
    closed: async () => (await session)?.close(),
  }
}
