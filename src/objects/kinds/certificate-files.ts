import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { reasonText, strerror } from '../../errno/index.ts'
import type { CertificateMaterial } from '../../transport/index.ts'
import { refused } from '../object-kind.ts'

export interface CertificateWish {
  readonly folder: string
  readonly endpoint: 'client' | 'server'
  /** Opens the key, if it is encrypted. */
  /** What opens the key: asked for when there is one. */
  readonly password: () => string | undefined
  /** Whether certificates are looked through. */
  readonly check: boolean
}

/** Reads a folder of certificates. @throws {QmpError} in QEMU's words, if they are not there, or not good */
export function readCertificates({ folder, endpoint, password, check }: CertificateWish): CertificateMaterial {
  const authorities = neededFile(folder, 'ca-cert.pem')
  const revoked = optionalFile(folder, 'ca-crl.pem')
  const own = ownPaths(folder, endpoint)
  const dhParameters = endpoint === 'server' ? optionalFile(folder, 'dh-params.pem') : undefined
  const authority = certificateIn(authorities, () => refused(`Unable to import CA certificate list ${authorities}`))
  const material = { kind: 'x509', authorities: bytesOf(authorities), ...optional({ revoked, dhParameters }) } as const
  if (own === undefined) {
    if (check) checkAuthority(authorities, authority)
    return material
  }
  const certificate = certificateIn(own.certificate, () =>
    refused(`Unable to import ${endpoint} certificate ${own.certificate}`),
  )
  if (check) {
    checkAuthority(authorities, authority)
    if (certificate.ca) {
      const text = `basic constraints show a CA, but we need one for a ${endpoint}`
      refused(`The certificate ${own.certificate} ${text}`)
    }
    checkDates(own.certificate, 'certificate', certificate)
    checkIssuer(own.certificate, authorities, certificate)
  }
  const opening = password()
  checkKey(own, certificate, opening)
  const [bytes, key] = [bytesOf(own.certificate), bytesOf(own.key)]
  return { ...material, own: { certificate: bytes, key, password: opening } }
}

interface OwnPaths {
  readonly certificate: string
  readonly key: string
}

/** A server must have a certificate; a client may do without. */
function ownPaths(folder: string, endpoint: 'client' | 'server'): OwnPaths | undefined {
  const [certificate, key] = [`${endpoint}-cert.pem`, `${endpoint}-key.pem`]
  if (endpoint === 'server') return { certificate: neededFile(folder, certificate), key: neededFile(folder, key) }
  const paths = { certificate: `${folder}/${certificate}`, key: `${folder}/${key}` }
  if (existsSync(paths.certificate) && existsSync(paths.key)) return paths
  if (existsSync(paths.certificate))
    certificateIn(paths.certificate, () => refused(`Unable to import client certificate ${paths.certificate}`))
  return undefined
}

/** The path of a file that has to be there. */
export function neededFile(folder: string, name: string): string {
  const path = `${folder}/${name}`
  if (!existsSync(path)) refused(`Unable to access credentials ${path}: ${strerror('ENOENT')}`)
  return path
}

export function optionalFile(folder: string, name: string): string | undefined {
  const path = `${folder}/${name}`
  return existsSync(path) ? path : undefined
}

export function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    return refused(`Unable to access credentials ${path}: ${reasonText(error)}`)
  }
}

function optional(paths: { readonly [name: string]: string | undefined }): { readonly [name: string]: Buffer } {
  const there = Object.entries(paths).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(there.map(([name, path]) => [name, bytesOf(path)]))
}

function certificateIn(path: string, refuse: () => never): X509Certificate {
  const bytes = bytesOf(path)
  try {
    return new X509Certificate(bytes)
  } catch {
    return refuse()
  }
}

function checkAuthority(path: string, authority: X509Certificate): void {
  checkDates(path, 'CA certificate', authority)
  if (!authority.ca) refused(`The certificate ${path} basic constraints do not show a CA`)
}

function checkDates(path: string, what: string, { validFrom, validTo }: X509Certificate): void {
  if (Date.parse(validTo) < Date.now()) refused(`The ${what} ${path} has expired`)
  if (Date.parse(validFrom) > Date.now()) refused(`The ${what} ${path} is not yet active`)
}

/** Whether one of the authorities has signed it, or one whose certificate stands behind it. */
function checkIssuer(path: string, authorities: string, certificate: X509Certificate): void {
  const others = [...certificatesIn(authorities), ...certificatesIn(path).slice(1)]
  const issued = others.some((other) => certificate.checkIssued(other) && certificate.verify(other.publicKey))
  if (issued) return
  const text = "The certificate hasn't got a known issuer"
  refused(`Our own certificate ${path} failed validation against ${authorities}: ${text}`)
}

function certificatesIn(path: string): X509Certificate[] {
  const texts =
    bytesOf(path)
      .toString('latin1')
      .match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  return texts.map((text) => new X509Certificate(text))
}

function checkKey(own: OwnPaths, certificate: X509Certificate, password: string | undefined): void {
  const cannot = `Cannot load certificate '${own.certificate}' & key '${own.key}'`
  const key = bytesOf(own.key)
  let fits = false
  try {
    const opened = createPrivateKey({ key, ...(password !== undefined && { passphrase: password }) })
    fits = certificate.checkPrivateKey(opened)
  } catch {
    const encrypted = /ENCRYPTED/.test(key.toString('latin1'))
    refused(`${cannot}: ${encrypted ? 'Decryption has failed.' : 'Base64 unexpected header error.'}`)
  }
  if (!fits) refused(`${cannot}: The certificate and the given key do not match.`)
}
