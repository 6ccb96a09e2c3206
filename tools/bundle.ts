/**
 * Bundles the command line into one file, and keeps what V8 makes of it: a program that loads two hundred modules one by
 * one takes four times as long to start. What is loaded on demand (the shell) is only evaluated then; dependencies
 * stay outside. `bin/vmon.js` runs the bundle.
 *
 * Bundles the console page, too (web/), with the licences of what is inside.
 *
 * The board's worker lies beside the bundle, since the board looks for it beside itself.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const folder = 'dist/cli'
const shared = {
  outdir: folder,
  bundle: true,
  platform: 'node',
  target: 'node20',
  packages: 'external',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
} satisfies BuildOptions

rmSync(folder, { recursive: true, force: true })
await build({ ...shared, entryPoints: { worker: 'dist/src/devices/worker.js' }, format: 'esm' })
await build({
  ...shared,
  entryPoints: { main: 'dist/src/cli/main.js' },
  format: 'iife',
  outExtension: { '.js': '.cjs' },
  // One function, which bin/vmon.js calls as Node calls a module.
  banner: {
    js: '(function (require, __filename, __dirname) { const importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
  },
  footer: { js: '})' },
  define: { 'import.meta.url': 'importMetaUrl' },
  supported: { 'dynamic-import': false }, // a script has no loader behind it: what is loaded on demand is required
})
await bundlePage()
keepCompiledCode()

/** The page for browsers: what it needs is inside, but noVNC, which is served as it is installed. */
async function bundlePage(): Promise<void> {
  const outdir = 'dist/web'
  rmSync(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: { main: 'web/main.tsx' },
    outdir,
    tsconfig: 'web/tsconfig.json',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  copyFileSync('web/index.html', `${outdir}/index.html`)
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  )
  const licences = [...packages].map(
    (path) => `${path.replace(/^.*node_modules\//, '')}\n\n${readFileSync(`${path}/LICENSE`, 'utf8')}`,
  )
  writeFileSync(`${outdir}/LICENSES.txt`, licences.join('\n\n'))
}

/** Starts a machine from the bundle and ends it: V8 then has compiled what a start needs, and this is kept. */
function keepCompiledCode(): void {
  const scratch = mkdtempSync(join(tmpdir(), 'vmon-bundle-'))
  try {
    const monitors = ['-qmp', 'stdio', '-qmp', `unix:${join(scratch, 'qmp.sock')},server=on,wait=off`]
    const { status, stderr } = spawnSync(
      process.execPath,
      ['dist/tools/keep-compiled-code.js', `${folder}/main.cjs`, '-S', '-display', 'none', ...monitors],
      { input: '{"execute": "qmp_capabilities"}{"execute": "query-status"}{"execute": "quit"}', encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`the bundle does not start: ${stderr}`)
  } finally {
    rmSync(scratch, { recursive: true })
  }
}
