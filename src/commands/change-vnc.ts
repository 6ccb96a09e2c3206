import { OptionError } from '../keyval/index.ts'
import { QmpError } from '../qapi/index.ts'
import { type VncDisplays, vncAddressesOf } from '../vnc/index.ts'

/**
 * What `change` does with `vnc`, as QEMU 1.3 has it: a new password, or another place to listen.
 *
 * @throws {QmpError} if there is no display, or it cannot
 */
export async function changeVnc(displays: VncDisplays, target: string, password: string | undefined): Promise<void> {
  if (target === 'password' || target === 'passwd') {
    if (password === undefined) throw new QmpError('GenericError', "Parameter 'password' is missing")
    displays.setPassword(password)
    return
  }
  if (displays.first === undefined) throw new QmpError('GenericError', 'VNC display not active')
  await displays.firstDisplay().listenAt(addresses(target))
}

function addresses(target: string): ReturnType<typeof vncAddressesOf> {
  try {
    return vncAddressesOf(target)
  } catch (error) {
    if (error instanceof OptionError) throw new QmpError('GenericError', error.message)
    throw error
  }
}
