import { type GuestKeyboard, type GuestScreen, QmpClient } from '../client/index.ts'
import {
  checkMembers,
  type ForkedImage,
  type ForkOptions,
  Machine,
  type MachineOptions,
  type MachineSurroundings,
  resolveConfig,
  surroundingKinds,
} from '../machine/index.ts'
import { GuestSerial } from './guest-serial.ts'
import { MachineMemory } from './machine-memory.ts'

/** A machine that runs in this process, with a client of its own. */
export interface RunningMachine extends AsyncDisposable {
  /** A typed client, attached without any socket. */
  readonly qmp: QmpClient
  /** What the guest's screen says. */
  readonly screen: GuestScreen
  /** Types on the guest's keyboard. */
  readonly keyboard: GuestKeyboard
  /** What is in the guest's memory. */
  readonly memory: MachineMemory
  /** COM1 to COM4, as far as they are there: what the guest says there, and what is said to it. */
  readonly serial: readonly (GuestSerial | undefined)[]
  /** Links to the page for browsers, if `display` has asked for it. */
  readonly consolePage: { readonly control: string; readonly watch: string } | undefined
  readonly machine: Machine
  /** What the guest shows, as the bytes of a PNG file. @throws {QmpError} if the machine has no screen */
  screenshot(): Promise<Uint8Array>
  /**
   * Starts a second machine in this process, which goes on from where this one stands; this one goes on, too. Several that
   * are asked for at once are made of one moment.
   *
   * @throws {QmpError} if the machine cannot be forked as it is, there is no such network card, or a folder is needed for its
   *   images and is missing, or cannot be made (one is made, those above it are not)
   * @throws {ConfigError} if an option is unknown or wrong; its text begins with the option's name. Also if an image or the
   *   QMP socket cannot be opened for the fork
   * @throws {BlockError} if an overlay over an image cannot be made
   * @throws {BoardError} if the fork's board cannot be had
   */
  fork(options?: ForkOptions): Promise<ForkedMachine>
  /** Ends the machine as a crash would: connections break, and no client is told. Images are closed all the same. */
  kill(): Promise<void>
  /** Ends the machine, whatever it does; later callers join the first. */
  close(): Promise<void>
}

/** A machine that goes on from where another one stood. */
export interface ForkedMachine extends RunningMachine {
  /** The images that the two go on from, and what each of them writes from now on. */
  readonly images: readonly ForkedImage[]
}

/**
 * Starts a machine in this process.
 *
 * @throws {ConfigError} if an option is unknown or wrong, or an image, a character device or a file with a saved state
 *   cannot be had; its `cause` tells why
 * @throws {BoardError} if firmware, kernel or the board cannot be had
 */
export async function startMachine(
  options: MachineOptions = {},
  surroundings: MachineSurroundings = {},
): Promise<RunningMachine> {
  checkMembers('surroundings', surroundings, surroundingKinds)
  return running(await Machine.start(resolveConfig(options, surroundings.warn), surroundings))
}

/** Attaches a client to a machine that has been started. */
async function running(machine: Machine): Promise<RunningMachine> {
  machine.ended.catch(() => undefined) // whoever waits for `ended` is told; nobody has to
  try {
    const qmp = await QmpClient.connect(machine.connect())
    const close = (): Promise<void> => machine.close()
    const { screen, keyboard } = qmp
    const memory = new MachineMemory(machine.board)
    const serial = machine.serialPorts.map((port) => port && new GuestSerial(port))
    void machine.ended.catch(() => undefined).then(() => serial.forEach((port) => void port?.end()))
    return {
      ...{ qmp, screen, keyboard, memory, serial, machine },
      consolePage: machine.consolePage,
      screenshot: () => machine.screenshot(),
      fork: async (options) => {
        const { machine: second, images } = await machine.fork(options)
        return { ...(await running(second)), images }
      },
      kill: () => machine.kill(),
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await machine.close('host-error')
    throw error
  }
}
