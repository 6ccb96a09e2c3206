import { OptionError } from '../../keyval/index.ts'

/** A device cannot be plugged in as it was asked for, in QEMU's words, with the class that the error has on the wire. */
export class PlugError extends OptionError {
  readonly errorClass: 'GenericError' | 'DeviceNotFound'

  constructor(message: string, errorClass: PlugError['errorClass'] = 'GenericError') {
    super(message)
    this.errorClass = errorClass
  }
}
