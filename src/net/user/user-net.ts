import type { NetEnd, NetLine } from '../net-end.ts'
import { type Clock, hostClock } from './clock.ts'
import { DhcpServer, dhcpPorts } from './dhcp.ts'
import { dhcpv6Group, dhcpv6Ports, dhcpv6Reply } from './dhcpv6.ts'
import type { GuestForward } from './guest-forward.ts'
import { type HostTarget, isOfNetwork, targetOf } from './host-address.ts'
import { type ForwardRule, type HostForward, openForward } from './host-forward.ts'
import type { PeerSocket } from './host-stream.ts'
import { echoReply } from './icmpv4.ts'
import { Icmpv6Service } from './icmpv6-service.ts'
import { formatIp, type IpAddress } from './ip-address.ts'
import { type IpPacket, protocols } from './ip-packet.ts'
import { IpVersions } from './ip-versions.ts'
import type { Ipv4Packet } from './ipv4.ts'
import { Ipv4Layer } from './ipv4-layer.ts'
import type { Ipv6Packet } from './ipv6.ts'
import { Ipv6Layer } from './ipv6-layer.ts'
import { type Ipv6Network, isGuest, isOfHost, isOurs, router } from './ipv6-network.ts'
import { Outbox } from './outbox.ts'
import type { DecisionListener } from './policy/decision-teller.ts'
import { DnsStream } from './policy/dns-stream.ts'
import { PolicyGate } from './policy/policy-gate.ts'
import type { PolicyRules } from './policy/policy-rules.ts'
import { TcpService } from './tcp-service.ts'
import { TftpServer, tftpPort } from './tftp.ts'
import type { UdpDatagram } from './udp.ts'
import { UdpService } from './udp-service.ts'

/** A network as it is to be; addresses of IPv4 are numbers of 32 bits. */
export interface UserNetConfig {
  /** Whether there is IPv4; the next five say how. */
  readonly ipv4?: boolean | undefined
  readonly network: number
  readonly mask: number
  readonly host: number
  readonly dns: number
  /** The first address that DHCP gives. */
  readonly dhcpStart: number
  readonly restrict: boolean
  readonly ipv6?: Ipv6Network | undefined
  readonly hostName?: string | undefined
  readonly domainName?: string | undefined
  readonly domainSearch?: readonly string[]
  /** The folder that TFTP reads. */
  readonly tftp?: string | undefined
  readonly bootFile?: string | undefined
  readonly tftpServerName?: string | undefined
  /** Which connections a guest may open; all, if absent. */
  readonly policy?: PolicyRules | undefined
}

export interface UserNetSurroundings {
  readonly clock?: Clock
  /** Hears what the policy says of connections. */
  readonly decided?: DecisionListener
  /** Hears of whoever comes to a forwarded port, and of each datagram there. */
  readonly arrived?: () => void
}

/**
 * A network for guests that needs no privileges: a gateway that answers itself by ARP, ICMP, DHCP, DNS and TFTP, over
 * both versions of IP, and through which the guest reaches whatever the host reaches by TCP and UDP, the host itself by
 * the gateway's address.
 */
export class UserNet implements NetEnd {
  readonly #config: UserNetConfig
  readonly #outbox: Outbox
  readonly #ip: IpVersions
  readonly #ipv4: Ipv4Layer
  readonly #icmpv6: Icmpv6Service | undefined
  readonly #tcp: TcpService
  readonly #udp: UdpService
  readonly #dhcp: DhcpServer
  readonly #tftp: TftpServer | undefined
  readonly #arrived: () => void
  readonly #gate: PolicyGate | undefined
  readonly #forwards: HostForward[] = []
  readonly #guestForwards: GuestForward[] = []
  #closed = false

  constructor(
    config: UserNetConfig,
    line: NetLine,
    { clock = hostClock, decided = nothing, arrived = nothing }: UserNetSurroundings = {},
  ) {
    this.#config = config
    const { policy } = config
    this.#gate = policy && new PolicyGate({ policy, shape: config, clock, told: decided })
    this.#arrived = arrived
    this.#outbox = new Outbox(
      (frame) => line.send(frame),
      () => line.lost?.('sent'),
    )
    const isOursIpv4 = (address: number): boolean =>
      address === config.host || address === config.dns || this.#guestForwards.some((one) => one.address === address)
    this.#ipv4 = new Ipv4Layer({
      ...{ clock, outbox: this.#outbox, host: config.host, isOurs: isOursIpv4 },
      isGuest: (address) => isOfNetwork(config, address) && !isOursIpv4(address) && isHost(config, address),
      received: (packet) => this.#received(packet),
    })
    const ipv6 = config.ipv6 === undefined ? undefined : this.#makeIpv6(config.ipv6, clock)
    this.#icmpv6 = ipv6?.icmp
    this.#ip = new IpVersions(config.ipv4 === false ? undefined : this.#ipv4, ipv6?.ip)
    const targetBy =
      (protocol: 'tcp' | 'udp') =>
      (address: IpAddress, port: number): HostTarget | undefined =>
        this.#gate === undefined ? targetOf(config, address, port) : this.#gate.target(protocol, address, port)
    this.#tcp = new TcpService({
      ...{ clock, ip: this.#ip, outbox: this.#outbox, targetOf: targetBy('tcp') },
      forwardAt: (address, port) => this.#forwardAt(address, port),
      deviceAt: (address, port) => this.#guestForwardAt(address, port, (one) => one.isDevice)?.open(),
    })
    this.#udp = new UdpService({
      ...{ clock, ip: this.#ip, targetOf: targetBy('udp') },
      served: (packet, datagram) => this.#served(packet, datagram),
      heard: (peer, port, payload) => {
        if (this.#gate?.isNameServer(peer, port) === true) this.#gate.answered(payload)
      },
    })
    this.#dhcp = new DhcpServer({
      ...config,
      router: config.restrict ? undefined : config.host,
      dns: config.restrict ? undefined : config.dns,
      first: config.dhcpStart,
    })
    this.#tftp = config.tftp === undefined ? undefined : new TftpServer(config.tftp, clock)
  }

  get config(): UserNetConfig {
    return this.#config
  }

  /** Ports of the host's that lead to a guest. */
  get forwards(): readonly HostForward[] {
    return this.#forwards
  }

  get tcp(): TcpService {
    return this.#tcp
  }

  get udp(): UdpService {
    return this.#udp
  }

  receive(frame: Uint8Array): boolean {
    if (!this.#closed) this.#ip.receive(frame)
    return true
  }

  resume(): void {
    if (!this.#closed) this.#outbox.resume()
  }

  /** Puts something at an address of the network. */
  forwardGuest(forward: GuestForward): void {
    this.#guestForwards.push(forward)
  }

  /** @throws {Error} what the system says, if the port is not to be had */
  async forward(rule: ForwardRule): Promise<HostForward> {
    const { dhcpStart, host } = this.#config
    const guest = rule.guestAddress ?? dhcpStart
    const forward = await openForward({
      ...{ rule, guest, host, tcp: this.#tcp, udp: this.#udp },
      arrived: this.#arrived,
    })
    if (this.#closed) forward.close()
    else this.#forwards.push(forward)
    return forward
  }

  /** @returns false if there is none like that */
  removeForward(matches: (forward: HostForward) => boolean): boolean {
    const index = this.#forwards.findIndex(matches)
    if (index < 0) return false
    this.#forwards.splice(index, 1)[0]!.close()
    return true
  }

  close(): void {
    if (this.#closed) return
    for (const forward of this.#forwards.splice(0)) forward.close()
    this.#tcp.close()
    for (const forward of this.#guestForwards.splice(0)) forward.close()
    this.#udp.close()
    this.#gate?.close()
    this.#tftp?.close()
    this.#icmpv6?.close()
    this.#ip.close()
    this.#closed = true
  }

  /** Opens what is of the network itself. */
  #forwardAt(address: IpAddress, port: number): PeerSocket | undefined {
    const gate = this.#gate
    if (gate?.isNameServer(address, port) === true) {
      const resolver = gate.target('tcp', address, port)
      if (resolver === undefined) return undefined
      const answerTo = (question: Buffer) => gate.answerTo('tcp', address, question)
      return new DnsStream({ resolver, answerTo, answered: (message) => gate.answered(message) })
    }
    return this.#guestForwardAt(address, port)?.open()
  }

  #guestForwardAt(address: IpAddress, port: number, fits = (_: GuestForward): boolean => true) {
    return this.#guestForwards.find((one) => one.address === address && one.port === port && fits(one))
  }

  #received(packet: Ipv4Packet): void {
    if (packet.protocol === protocols.tcp && packet.source !== 0) this.#tcp.receive(packet)
    else if (packet.protocol === protocols.udp) this.#udp.receive(packet)
    else if (packet.protocol === protocols.icmp) this.#icmp(packet)
    else if (packet.destination === this.#config.host) this.#ip.refuse(packet, 'protocol')
  }

  #makeIpv6(network: Ipv6Network, clock: Clock): { readonly ip: Ipv6Layer; readonly icmp: Icmpv6Service } {
    const ours = (address: bigint): boolean => isOurs(network, address)
    const ip = new Ipv6Layer({
      ...{ clock, outbox: this.#outbox, host: network.host, isOurs: ours },
      isGuest: (address) => isGuest(network, address),
      received: (packet) => this.#receivedIpv6(packet, icmp),
    })
    const dns = this.#config.restrict ? undefined : network.dns
    const icmp = new Icmpv6Service({ clock, ip, router, isOurs: ours, advertised: { ...network, dns } })
    return { ip, icmp }
  }

  #receivedIpv6(packet: Ipv6Packet, icmp: Icmpv6Service): void {
    if (packet.protocol === protocols.tcp) this.#tcp.receive(packet)
    else if (packet.protocol === protocols.udp) this.#udp.receive(packet)
    else if (packet.protocol === protocols.icmpv6) icmp.receive(packet)
  }

  /** We answer for the gateway and the name server; beyond them no echo goes. */
  #icmp({ source, destination, payload }: Ipv4Packet): void {
    if (source === 0 || (destination !== this.#config.host && destination !== this.#config.dns)) return
    const reply = echoReply(payload)
    if (reply !== undefined)
      this.#ip.send({ protocol: protocols.icmp, source: destination, destination: source }, reply)
  }

  /** @returns whether the datagram was for something of ours */
  #served({ source, destination }: IpPacket, datagram: UdpDatagram): boolean {
    const { sourcePort, destinationPort, payload } = datagram
    const { host, ipv6 } = this.#config
    if (typeof source === 'bigint' && this.#servedIpv6(ipv6!, source, destination as bigint, datagram)) return true
    const isForUs = destination === host || destination === 0xffffffff || destination === this.#broadcast
    if (isForUs && destinationPort === dhcpPorts.server) {
      this.#dhcpRequest(payload)
      return true
    }
    if (source === 0) return true
    if (this.#gate?.isNameServer(destination, destinationPort) === true) {
      const answer = this.#gate.answerTo('udp', destination, payload)
      if (answer === undefined) return false
      const ports = { sourcePort: destinationPort, destinationPort: sourcePort }
      if (answer.length > 0) this.#udp.send(destination, source, { ...ports, payload: answer })
      return true
    }
    const isHost = typeof destination === 'number' ? destination === host : isOfHost(ipv6!, destination)
    if (isHost && destinationPort === tftpPort && this.#tftp !== undefined) {
      const answer = this.#tftp.answer(`${formatIp(source)} ${sourcePort}`, payload)
      const ports = { sourcePort: tftpPort, destinationPort: sourcePort }
      if (answer !== undefined) this.#udp.send(destination, source, { ...ports, payload: answer })
      return true
    }
    return this.#forwards.some(
      (forward) =>
        forward.guest === source && forward.answer?.(sourcePort, destination, destinationPort, payload) === true,
    )
  }

  #servedIpv6(network: Ipv6Network, source: bigint, destination: bigint, { destinationPort, payload }: UdpDatagram) {
    const isForUs = destination === dhcpv6Group || isOfHost(network, destination)
    if (!isForUs || destinationPort !== dhcpv6Ports.server) return false
    const dns = this.#config.restrict ? undefined : network.dns
    const reply = dhcpv6Reply({ host: network.host, dns, bootFile: this.#config.bootFile }, payload)
    const ports = { sourcePort: dhcpv6Ports.server, destinationPort: dhcpv6Ports.client }
    if (reply !== undefined) this.#udp.send(network.host, source, { ...ports, payload: reply })
    return true
  }

  #dhcpRequest(request: Buffer): void {
    const reply = this.#dhcp.answer(request)
    if (reply === undefined) return
    if (reply.lease !== undefined) this.#ipv4.learn(reply.lease.address, reply.lease.mac)
    const ports = { sourcePort: dhcpPorts.server, destinationPort: dhcpPorts.client }
    this.#udp.send(this.#config.host, 0xffffffff, { ...ports, payload: reply.bytes })
  }

  get #broadcast(): number {
    return (this.#config.network | ~this.#config.mask) >>> 0
  }
}

const nothing = (): void => undefined

/** It is not the network itself, and not everybody in it. */
function isHost({ network, mask }: UserNetConfig, address: number): boolean {
  return address !== network && (address | mask) !== -1
}
