import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the page. */
export interface PageFile {
  readonly path: string
  readonly type: string
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

/** Beside the bundle of the command line, and beside the modules that it is made of. */
const folders = ['../web', '../../web']

/**
 * The files of the page by the names that browsers ask for. What is not listed is not served: no name leads out of these
 * folders.
 *
 * @throws {Error} if the page has not been built
 */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const folder = folders
    .map((name) => fileURLToPath(new URL(name, import.meta.url)))
    .find((path) => existsSync(join(path, 'index.html')))
  if (folder === undefined) throw new Error('the console page is not there: npm run build makes it')
  const files = filesIn(folder, '')
  const novnc = novncFolder()
  if (novnc !== undefined) for (const [name, file] of filesIn(novnc, 'novnc/')) files.set(name, file)
  const index = files.get('index.html')!
  return files.set('', index)
}

/** noVNC, which is served as it was installed, if it was. */
function novncFolder(): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve('@novnc/novnc')))
  } catch {
    return undefined
  }
}

function filesIn(folder: string, prefix: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const path = join(entry.parentPath ?? entry.path, entry.name)
    files.set(`${prefix}${relative(folder, path).split(sep).join('/')}`, { path, type })
  }
  return files
}

export function contentOf({ path }: PageFile): Buffer {
  return readFileSync(path)
}
