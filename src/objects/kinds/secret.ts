import { readSecret } from '../../block/index.ts'
import { bool, oneOf, opt, str, struct } from '../../qapi/index.ts'
import { constant, remembered } from '../../qom/index.ts'
import { type ObjectKind, refused } from '../object-kind.ts'

const format = oneOf('QCryptoSecretFormat', ['raw', 'base64'])
const options = struct('SecretProperties', {
  loaded: opt(bool, 'nothing: it is loaded when it is there'),
  format: opt(format, 'how it is written'),
  keyid: opt(str, 'the secret that it is encrypted with: that is refused'),
  iv: opt(str, 'where the encryption begins'),
  data: opt(str, 'the password'),
  file: opt(str, 'a file that holds it'),
})

interface Options {
  readonly loaded?: boolean
  readonly format?: 'raw' | 'base64'
  readonly keyid?: string
  readonly iv?: string
  readonly data?: string
  readonly file?: string
}

/** A password. What it is when it is made counts: what is said of it later can be read again, and changes nothing. */
export const secret: ObjectKind<Options> = {
  options,
  make({ loaded, format: written = 'raw', keyid, iv, data, file }, id, others) {
    if (loaded !== undefined) refused("Property 'secret.loaded' is not writable")
    let password = new Uint8Array(0)
    return {
      access: {
        loaded: constant(true),
        format: remembered('format', format, written),
        keyid: remembered('keyid', str, keyid ?? ''),
        iv: remembered('iv', str, iv ?? ''),
        data: remembered('data', str, data ?? ''),
        file: remembered('file', str, file ?? ''),
      },
      complete() {
        password = Uint8Array.from(readSecret({ id, data, file, format: written }))
        if (keyid === undefined) return
        if (others.password(keyid) === undefined) refused(`No secret with id '${keyid}'`)
        refused('encrypted secrets are not implemented')
      },
      password: () => password,
    }
  },
}
