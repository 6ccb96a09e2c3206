/** Classes of errors that clients may branch on (QAPI QapiErrorClass, and DeviceEncrypted of QEMU 1.3). */
export type ErrorClass =
  | 'GenericError'
  | 'CommandNotFound'
  | 'DeviceNotFound'
  | 'DeviceNotActive'
  | 'KVMMissingCap'
  | 'DeviceEncrypted'

/** An error that goes on the wire as it is: class and description. */
export class QmpError extends Error {
  override readonly name: string = 'QmpError'
  readonly errorClass: ErrorClass

  constructor(errorClass: ErrorClass, desc: string, options?: ErrorOptions) {
    super(desc, options)
    this.errorClass = errorClass
  }
}
