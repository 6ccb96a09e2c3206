import { constants, generateKeyPair, type KeyObject, privateDecrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { ticketKeyBits } from '../spice/index.ts'

/** The key that one client encrypts its password with: who listens cannot show the same ticket again. */
export class TicketKey {
  /** As the client is told it: SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array
  readonly #privateKey: KeyObject

  private constructor(publicKey: Uint8Array, privateKey: KeyObject) {
    this.publicKey = publicKey
    this.#privateKey = privateKey
  }

  static async make(): Promise<TicketKey> {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: ticketKeyBits })
    return new TicketKey(publicKey.export({ type: 'spki', format: 'der' }), privateKey)
  }

  /** The password in a ticket: text that ends with a zero. @returns undefined if it is no ticket */
  read(ticket: Uint8Array): string | undefined {
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING
      const text = privateDecrypt({ key: this.#privateKey, padding, oaepHash: 'sha1' }, ticket)
      const end = text.indexOf(0)
      return text.toString('utf8', 0, end < 0 ? text.length : end)
    } catch {
      return undefined
    }
  }
}

/** Makes keys one after another: the threads that make them are those that disks are read with. */
export class TicketKeys {
  readonly #make: () => Promise<TicketKey>
  #last: Promise<unknown> = Promise.resolve()

  constructor(make = TicketKey.make) {
    this.#make = make
  }

  /** A key for somebody; none is made if the signal has fired before it is made. @throws the reason of the signal */
  next(signal: AbortSignal): Promise<TicketKey> {
    const key = this.#last.then(() => {
      signal.throwIfAborted()
      return this.#make()
    })
    this.#last = key.catch(() => undefined)
    return key
  }
}
