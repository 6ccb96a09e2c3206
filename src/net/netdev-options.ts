import type { SocketAddress } from '../transport/index.ts'
import type { NetworkPolicy } from './user/policy/policy-format.ts'

/** A text in an object of its own, as QMP has lists of them. */
export interface TextItem {
  readonly str: string
}

/** The network of our own, by QEMU's names. */
export interface UserOptions {
  readonly hostname?: string | undefined
  readonly restrict?: boolean | undefined
  readonly ipv4?: boolean | undefined
  readonly ipv6?: boolean | undefined
  readonly ip?: string | undefined
  readonly net?: string | undefined
  readonly host?: string | undefined
  readonly tftp?: string | undefined
  readonly bootfile?: string | undefined
  readonly dhcpstart?: string | undefined
  readonly dns?: string | undefined
  readonly dnssearch?: readonly TextItem[] | undefined
  readonly domainname?: string | undefined
  readonly 'ipv6-prefix'?: string | undefined
  readonly 'ipv6-prefixlen'?: number | undefined
  readonly 'ipv6-host'?: string | undefined
  readonly 'ipv6-dns'?: string | undefined
  readonly smb?: string | undefined
  readonly smbserver?: string | undefined
  readonly hostfwd?: readonly TextItem[] | undefined
  readonly guestfwd?: readonly TextItem[] | undefined
  readonly 'tftp-server-name'?: string | undefined
  /** Beyond QEMU: which connections a guest may open; a file, or what would be in one. */
  readonly policy?: string | NetworkPolicy | undefined
  /** Beyond QEMU: whether who comes to a forwarded port wakes the guest. */
  readonly wake?: boolean | undefined
}

export interface HubportOptions {
  readonly hubid: number
  readonly netdev?: string | undefined
}

export interface SocketOptions {
  readonly fd?: string | undefined
  readonly listen?: string | undefined
  readonly connect?: string | undefined
  readonly mcast?: string | undefined
  readonly localaddr?: string | undefined
  readonly udp?: string | undefined
}

export interface StreamOptions {
  readonly addr: SocketAddress
  readonly server?: boolean | undefined
}

export interface DgramOptions {
  readonly local?: SocketAddress | undefined
  readonly remote?: SocketAddress | undefined
}

/** A back end as it is asked for. */
export type NetdevOptions = { readonly id: string } & (
  | ({ readonly type: 'user' } & UserOptions)
  | ({ readonly type: 'hubport' } & HubportOptions)
  | ({ readonly type: 'socket' } & SocketOptions)
  | ({ readonly type: 'stream' } & StreamOptions)
  | ({ readonly type: 'dgram' } & DgramOptions)
  | { readonly type: 'none' | 'nic' | 'tap' | 'l2tpv3' | 'vde' | 'bridge' | 'netmap' | 'vhost-user' | 'vhost-vdpa' }
)
