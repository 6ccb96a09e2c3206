import { type Dirent, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What sockets of QMP servers are called in folders of many: `qmp.sock`, `vm1.qmp`, `monitor.sock` (libvirt). */
const socketName = /qmp|monitor/i

/** Folders below one, and theirs, are looked into; not deeper. */
const depth = 2

/**
 * The addresses of machines: those that are given, and, of folders, the QMP sockets in them, by their names.
 *
 * @param places - addresses of QMP servers (`unix:PATH`, `PATH`, `tcp:HOST:PORT`, `HOST:PORT`) and folders
 * @param empty - hears of folders without one
 * @throws {Error} a system error, if a folder cannot be read
 */
export async function findMachines(places: readonly string[], empty?: (folder: string) => void): Promise<string[]> {
  const found = await Promise.all(places.map((place) => (isFolder(place) ? socketsIn(place, depth) : [place])))
  for (const [index, place] of places.entries()) if (found[index]!.length === 0) empty?.(place)
  return found.flat()
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true
}

async function socketsIn(folder: string, levels: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const inOrder = entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  const found = await Promise.all(inOrder.map((entry) => socketsAt(join(folder, entry.name), entry, levels)))
  return found.flat()
}

async function socketsAt(path: string, entry: Dirent, levels: number): Promise<string[]> {
  if (entry.isSocket()) return socketName.test(entry.name) ? [`unix:${path}`] : []
  if (!entry.isDirectory() || levels <= 1) return []
  return await socketsIn(path, levels - 1).catch(() => []) // a folder of somebody else, or one that has just gone
}
