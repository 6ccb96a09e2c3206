import type { TlsCredentials } from '../../transport/index.ts'
import { refused } from '../object-kind.ts'

type Version = NonNullable<TlsCredentials['versions']['minVersion']>

const known: readonly Version[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']
/** GnuTLS speaks all of them by itself; OpenSSL does not speak the older two without being told to. */
const usual: ReadonlySet<Version> = new Set(['TLSv1.2', 'TLSv1.3'])

/** Words that choose strengths of which OpenSSL has its own: they change nothing. */
const sets = /^@?(NORMAL|SYSTEM|SECURE128|SECURE192|SECURE256|PFS|PERFORMANCE|QEMU)(,[A-Z]+)*$/
/** Ways to agree on a key: the kind of credentials decides. */
const exchanges = /^\+(ANON-DH|ANON-ECDH|PSK|DHE-PSK|ECDHE-PSK)$/

/**
 * Which versions a priority string of GnuTLS's leaves: `NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2`. Of other things it may say
 * nothing, as OpenSSL could not do it.
 *
 * @throws {QmpError} if it says what is not understood
 */
export function versionsOf(priority: string | undefined): TlsCredentials['versions'] {
  if (priority === undefined || priority === '') return {}
  const left = new Set(usual)
  for (const word of priority.split(':')) {
    const [, sign, which] = /^([-+!])VERS-(?:TLS)?-?(ALL|1\.[0-3])$/.exec(word) ?? []
    if (sign === undefined) {
      if (sets.test(word) || exchanges.test(word)) continue
      refused(`TLS priority '${priority}' cannot be had: '${word}' is not understood, only versions are`)
    }
    const meant = which === 'ALL' ? known : [which === '1.0' ? 'TLSv1' : (`TLSv${which}` as Version)]
    for (const version of meant) {
      if (sign === '+') left.add(version)
      else left.delete(version)
    }
  }
  const versions = known.filter((version) => left.has(version))
  const [first, last] = [versions[0], versions.at(-1)]
  if (first === undefined || last === undefined) refused(`TLS priority '${priority}' leaves no version`)
  return { minVersion: first, maxVersion: last }
}
