/** Whether an address is of a machine on this host, whose threads have the numbers that it tells. */
export function isLocal(address: string): boolean {
  return address.startsWith('unix:') || !/^(?:tcp:)?(\[[^\]]+\]|[^:/[\]]*):\d+$/.test(address)
}
