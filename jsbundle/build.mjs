/**
 * Bundles src/ into the files that pages load: the script; the same with a record of consent, for clients that ask for
 * consent (RECORD in the sources); and the debug overlay that the snippet loads where asked.
 *
 *   node build.mjs           write dist/
 *   node build.mjs --check   exit 1 when the committed files are not what src/ gives, or the script is over budget
 *   node build.mjs --tune    look for a better order of LETTERS, after changes
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import swc from '@swc/wasm';
import { build } from 'esbuild';
import { minify } from 'terser';

const BUNDLES = [
  { entry: 'src/main.js', target: 'dist/main-app.v1.js', budget: 5 * 1024 },
  { entry: 'src/main.js', target: 'dist/main-app-consent.v1.js', budget: 5.25 * 1024, record: true },
  { entry: 'src/overlay/main.js', target: 'dist/debug-overlay.v1.js' },
];
// Of names; found by --tune.
const LETTERS = 'eitronsalfmBkCpbcdhgvw_quYS$TAOFEJQjLUzZPXVyIRGNxMHDWK';
const here = path => fileURLToPath(new URL(path, import.meta.url));

async function bundle({ entry, target, record = false }) {
  const result = await build({
    absWorkingDir: here('.'),
    entryPoints: [entry],
    outfile: here(target),
    bundle: true,
    define: { RECORD: String(record) },
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
 * Terser and then swc leave about 300 bytes less, gzipped, than esbuild's own minifier; one word for all declarations saves
 * another 13. Properties that begin with an underscore are the script's own and get short names.
 */
async function shrink(code) {
  const shared = { passes: 5, unsafe: true, unsafe_comps: true, unsafe_arrows: true, unsafe_methods: true, pure_getters: true };
  const first = await minify(code.replace(/\bconst\b/g, 'let'), {
    ecma: 2020,
    toplevel: true,
    mangle: { toplevel: true, properties: { regex: /^_[a-z]/ } },
    compress: { ...shared, keep_fargs: false, booleans_as_integers: true, inline: 0 },
    format: { ascii_only: false, comments: false },
  });
  const second = await swc.minify(first.code, { ecma: 2020, module: false, compress: { ...shared, collapse_vars: false }, mangle: { toplevel: true } });
  return rename(second.code, LETTERS);
}

/** Short names, given out in this order of letters: one that gzip likes is worth about 20 bytes. */
async function rename(code, letters) {
  const name = number =>
    number < letters.length ? letters[number] : name(Math.floor(number / letters.length) - 1) + letters[number % letters.length];
  const { code: small } = await minify(code, {
    ecma: 2020,
    compress: false,
    mangle: { toplevel: true, nth_identifier: { get: name } },
    format: { ascii_only: false, comments: false },
  });
  return small;
}

/** Swaps letters for a minute and prints each better order for the sources as they are. */
async function tune() {
  const code = (await bundle(BUNDLES[0])).toString();
  const sizeWith = async letters => gzipSync(await rename(code, letters), { level: 9 }).length;
  let best = LETTERS;
  let size = await sizeWith(best);
  for (const end = Date.now() + 60000; Date.now() < end; ) {
    const letters = [...best];
    const [one, other] = [0, 0].map(() => Math.floor(Math.random() * letters.length));
    [letters[one], letters[other]] = [letters[other], letters[one]];
    const tried = await sizeWith(letters.join(''));
    if (tried > size) continue;
    best = letters.join('');
    if (tried < size) console.log(`${tried} gzipped: ${best}`);
    size = tried;
  }
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exitCode = 1;
}

async function committed(target) {
  try {
    return await readFile(here(target));
  } catch {
    return Buffer.alloc(0);
  }
}

async function produce(wanted, checking) {
  const { target, budget = Infinity } = wanted;
  const code = await bundle(wanted);
  const size = gzipSync(code, { level: 9 }).length;
  if (!checking) await writeFile(here(target), code);
  else if (!code.equals(await committed(target))) {
    fail(`${target} is not what src/ builds to: run "npm ci && npm run build" in jsbundle/ and commit it`);
  }
  const limit = budget < Infinity ? ` (budget ${budget})` : '';
  console.log(`${target}: ${code.length} bytes, ${size} gzipped${limit}`);
  if (size > budget) fail(`${target} is over the budget by ${size - budget} bytes gzipped`);
}

if (process.argv.includes('--tune')) await tune();
else {
  await mkdir(here('dist'), { recursive: true });
  for (const wanted of BUNDLES) await produce(wanted, process.argv.includes('--check'));
}
