import type { PluggedDevice } from '../../board/index.ts'
import { NinePSession, openSharedFolder } from '../../file-sharing/index.ts'
import type { HostSide } from '../model.ts'
import type { FromFolder, ToFolder } from './wire.ts'

/** Answers what the guest asks of its folder. */
export const host: HostSide = ({ services }) => {
  let guest: PluggedDevice | undefined
  let session: Promise<NinePSession | undefined> | undefined
  /** A folder that cannot be opened any more has nothing in it. */
  const opened = (): Promise<NinePSession | undefined> => {
    session ??= openSharedFolder(services.sharedFolder()).then(
      (shared) => new NinePSession(shared),
      () => undefined,
    )
    return session
  }
  const answer = async (id: number, message: Uint8Array): Promise<void> => {
    const conversation = await opened()
    const bytes = (await conversation?.answer(message)) ?? new Uint8Array()
    const told: ToFolder = { id, answer: bytes, inUse: conversation?.inUse === true }
    guest?.send(told, [bytes.buffer as ArrayBuffer])
  }
  const forget = async (): Promise<void> => (await session)?.reset()
  return {
    beginning: () => void forget(),
    connected: (device) => {
      guest = device
    },
    receive: (message) => {
      const said = message as FromFolder
      if (said.type === 'asked') void answer(said.id, said.message)
      else void forget()
    },
    closed: async () => (await session)?.close(),
  }
}
