/**
 * Bundles the command line into a few files: a program that loads two hundred modules one by one takes four times as
 * long to start. What is loaded on demand (the emulator, the shell) stays apart, dependencies stay outside.
 *
 * The board's worker lies beside the bundle, since the board looks for it beside itself.
 */
import { rmSync } from 'node:fs'
import { build } from 'esbuild'

const folder = 'dist/cli'

rmSync(folder, { recursive: true, force: true })
await build({
  entryPoints: { main: 'dist/src/cli/main.js', worker: 'dist/src/board/v86/worker.js' },
  outdir: folder,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
})
