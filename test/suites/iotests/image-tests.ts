import { differs, notForUs, waitsFor } from '../expectation.ts'
import type { Exceptions, TestsByFormat } from './table.ts'

/** Tests of `qemu-img` that start no machine. */
export const imageTests: TestsByFormat = {
  qcow2: `001 002 003 004 005 008 009 010 011 012 013 014 015 017 018 019 020 021 022 023 024 025 026 027 029 031 032
    033 034 035 036 037 038 039 042 043 044 046 047 048 049 050 052 053 054 058 061 062 063 066 069 072 073 074
    079 080 089 090 097 098 103 104 105 107 110 111 112 114 115 121 122 125 126 133 134 137 138 150 154 158 159
    163 170 174 177 178 179 187 188 189 190 197 198 204 209 214 215 217 220 226 233 243 250 251 252 261 263 265 268
    270 271 272 277 279 284 287 289 290 292 293 297 302 303 305 313 copy-before-write graph-changes-while-io
    nbd-qemu-allocation nbd-reconnect-on-open qemu-img-bitmaps qsd-jobs`,
  raw: '077 101 106 113 128 160 162 171 221 253 block-status-cache',
  vmdk: '059',
  vdi: '084',
  vpc: '088 135 146',
  luks: '149 282 288 294',
}

const notWritten = differs('vmon makes and reads this format, and does not write into its images')
const nbd = waitsFor('NBD')

export const imageExceptions: Exceptions = {
  '059': notWritten,
  '080': differs(
    'what stops an amendment is told in one line; a snapshot whose clusters are nowhere is refused in other words',
  ),
  '084': notWritten,
  '098': differs(
    'emptying an image takes other steps: two of those that are let fail do not occur, and less is leaked',
  ),
  '110': waitsFor('quorum'),
  '112': differs('a snapshot that is refused leaks nothing; amend tells its progress otherwise'),
  '113': notForUs('checks that qemu-nbd opens a format (bochs) that Debian has not built'),
  '122': differs('convert -c places clusters elsewhere'),
  '128': notForUs('wants the device mapper'),
  '149': notForUs('wants cryptsetup as another user'),
  '162': notForUs('wants the ssh driver'),
  '217': differs('clusters of a snapshot are given back without a step that blkdebug knows'),
  '220': notForUs('wants a file system for files of an exbibyte'),
  '233': nbd,
  '261': differs('a table of snapshots that is mended is moved before counts are looked at'),
  '282': differs('an image that is refused leaves a file of that name as it was'),
  '287': differs('clusters are compressed by zstd on Node.js 22.15 and later'),
  '302': differs('no image is made on an NBD server'),
  'graph-changes-while-io': waitsFor('exports in iothreads'),
}
