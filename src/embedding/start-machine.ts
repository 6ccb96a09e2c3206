import { QmpClient } from '../client/index.ts'
import { Machine, type MachineConfig, type MachineSurroundings } from '../machine/index.ts'

/** A machine that runs in this process, with a client of its own. */
export interface RunningMachine extends AsyncDisposable {
  /** A typed client, attached without any socket. */
  readonly qmp: QmpClient
  readonly machine: Machine
  /** Ends the machine, whatever it does; later callers join the first. */
  close(): Promise<void>
}

/** What a machine is if nobody says otherwise: QEMU's `pc` with 128 MiB, and nothing on the host's side. */
const defaults: MachineConfig = {
  name: undefined,
  uuid: undefined,
  machine: 'pc',
  accel: 'v86',
  ramBytes: 128 << 20,
  firmware: { bios: undefined, folders: [] },
  kernel: undefined,
  boot: { order: 'cad', menu: false, splashTimeMs: undefined },
  drives: [],
  defaultDrives: ['cdrom', 'floppy', 'sdcard'],
  chardevs: [],
  monitors: [],
  serial: [],
  vga: true,
  startPaused: false,
  onReboot: 'reset',
  onShutdown: 'poweroff',
  rtcBase: undefined,
}

/**
 * Starts a machine in this process.
 *
 * @throws {BlockError | ChardevError | BoardError} if an image, a character device or the board cannot be had
 */
export async function startMachine(
  config: Partial<MachineConfig> = {},
  surroundings: MachineSurroundings = {},
): Promise<RunningMachine> {
  const machine = await Machine.start({ ...defaults, ...config }, surroundings)
  machine.ended.catch(() => undefined) // whoever waits for `ended` is told; nobody has to
  try {
    const qmp = await QmpClient.connect(machine.connect())
    const close = (): Promise<void> => machine.close()
    return { qmp, machine, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await machine.close('host-error')
    throw error
  }
}
