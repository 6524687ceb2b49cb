/**
 * Bundles src/ into the one file that pages load.
 *
 *   node build.mjs           write dist/main-app.v1.js
 *   node build.mjs --check   exit 1 when the committed file is not what src/ gives, or is over budget
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import swc from '@swc/core';
import { build } from 'esbuild';
import { minify } from 'terser';

const BUDGET = 5 * 1024;
const here = path => fileURLToPath(new URL(path, import.meta.url));
const target = here('dist/main-app.v1.js');

async function bundle() {
  const result = await build({
    absWorkingDir: here('.'),
    entryPoints: ['src/main.js'],
    outfile: target,
    bundle: true,
    format: 'iife',
    target: 'es2020',
    // Half the dictionary has accents; escapes would cost more than the letters.
    charset: 'utf8',
    legalComments: 'none',
    write: false,
  });
  return Buffer.from(await shrink(result.outputFiles[0].text));
}

/**
 * Terser and then swc leave about 300 bytes less, gzipped, than esbuild's own minifier. Properties that begin with an
 * underscore are the script's own and get short names.
 */
async function shrink(code) {
  const shared = { passes: 5, unsafe_arrows: true, unsafe_methods: true, pure_getters: true };
  const first = await minify(code, {
    ecma: 2020,
    toplevel: true,
    mangle: { properties: { regex: /^_[a-z]/ } },
    compress: { ...shared, keep_fargs: false },
    format: { ascii_only: false, comments: false },
  });
  const second = await swc.minify(first.code, {
    ecma: 2020,
    module: false,
    compress: shared,
    mangle: { toplevel: true },
  });
  return second.code;
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exitCode = 1;
}

async function committed() {
  try {
    return await readFile(target);
  } catch {
    return Buffer.alloc(0);
  }
}

const code = await bundle();
const size = gzipSync(code, { level: 9 }).length;
const checking = process.argv.includes('--check');

if (checking) {
  if (!code.equals(await committed())) {
    fail('dist/main-app.v1.js is not what src/ builds to: run "npm ci && npm run build" in jsbundle/ and commit it');
  }
} else {
  await mkdir(here('dist'), { recursive: true });
  await writeFile(target, code);
}
console.log(`dist/main-app.v1.js: ${code.length} bytes, ${size} gzipped (budget ${BUDGET})`);
if (size > BUDGET) fail(`over the budget by ${size - BUDGET} bytes gzipped`);
