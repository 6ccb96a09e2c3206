import type { SecureContextOptions } from 'node:tls'

/** What a side of a TLS connection has to show, and what it wants to be shown. */
export interface TlsCredentials {
  readonly endpoint: 'client' | 'server'
  /** Whether the other side has to say who it is; it can with certificates alone. */
  readonly verifyPeer: boolean
  /** The oldest and the newest version that are spoken. */
  readonly versions: Pick<SecureContextOptions, 'minVersion' | 'maxVersion'>
  /** As it was read last. */
  readonly material: TlsMaterial
}

/** What is in the files. */
export type TlsMaterial = CertificateMaterial | AnonymousMaterial | KeyMaterial

export interface CertificateMaterial {
  readonly kind: 'x509'
  /** Who signs what is trusted, in PEM. */
  readonly authorities: Buffer
  readonly revoked?: Buffer | undefined
  /** A client may have none. */
  readonly own?:
    | { readonly certificate: Buffer; readonly key: Buffer; readonly password: string | undefined }
    | undefined
  readonly dhParameters?: Buffer | undefined
  /** Which ciphers there may be, as OpenSSL lists them; undefined for those that Node has. */
  readonly ciphers?: string | undefined
}

/** Nobody says who they are. */
export interface AnonymousMaterial {
  readonly kind: 'anon'
  readonly dhParameters?: Buffer | undefined
}

/** Keys that both sides have. */
export interface KeyMaterial {
  readonly kind: 'psk'
  readonly keys: ReadonlyMap<string, Buffer>
  /** Whose key a client uses. */
  readonly username: string
}

/** Without certificates, the levels of OpenSSL that count them would leave nothing. */
const anonymousCiphers = 'aNULL:!eNULL:@SECLEVEL=0'
/** Of TLS 1.3, the one cipher that goes with keys whose hash nobody names. */
const keyCiphers = 'TLS_AES_128_GCM_SHA256:ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES256-GCM-SHA384:kECDHEPSK:kDHEPSK:kPSK'

/** How Node is told of credentials. */
export function contextOptions({ material, versions }: TlsCredentials): SecureContextOptions {
  switch (material.kind) {
    case 'x509': {
      const { authorities, revoked, own, dhParameters, ciphers } = material
      return {
        ...versions,
        ca: authorities,
        dhparam: dhParameters ?? 'auto',
        ...(revoked !== undefined && { crl: revoked }),
        ...(ciphers !== undefined && { ciphers }),
        ...(own !== undefined && { cert: own.certificate, key: own.key }),
        ...(own?.password !== undefined && { passphrase: own.password }),
      }
    }
    case 'anon':
      // TLS 1.3 has no anonymous servers.
      return {
        ...versions,
        maxVersion: 'TLSv1.2',
        ciphers: anonymousCiphers,
        dhparam: material.dhParameters ?? 'auto',
      }
    case 'psk':
      return { ...versions, ciphers: keyCiphers, dhparam: 'auto' }
  }
}
