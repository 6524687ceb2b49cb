/**
 * Compares the built script with published bundles of other trackers; prints a Markdown table.
 *
 *   node sizes.mjs
 *
 * Each package is fetched with npm at the version below, into a temporary folder. Of a bundle that is published unminified
 * the size after terser counts, so that no peer looks larger than it is on a page. gzip: node's zlib, level 9, as in build.mjs.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { minify } from 'terser';

const run = promisify(execFile);
const OWN = fileURLToPath(new URL('dist/main-app.v1.js', import.meta.url));

// What it does with forms without a call for each form: read in the published code.
const PEERS = [
  ['plausible', '@plausible-analytics/tracker@0.4.6', ['plausible.js'], 'counts submissions, no values'],
  ['Snowplow, core only', '@snowplow/browser-tracker@4.10.1', ['dist/index.umd.min.js'], 'no'],
  [
    'Snowplow with form tracking',
    ['@snowplow/browser-tracker@4.10.1', '@snowplow/browser-plugin-form-tracking@4.6.8'],
    ['dist/index.umd.min.js', 'dist/index.umd.min.js'],
    'values of changes and submissions',
  ],
  ['Countly', 'countly-sdk-web@26.1.1', ['lib/countly.min.js'], 'values of submissions (`track_forms`)'],
  ['RudderStack', '@rudderstack/analytics-js@3.34.1', ['dist/npm/modern/bundled/umd/index.js'], 'no'],
  ['Segment', '@segment/analytics-next@1.84.3', ['dist/umd/standalone.js'], 'no (`trackForm` for each form)'],
  ['Amplitude', '@amplitude/analytics-browser@2.48.1', ['lib/scripts/amplitude-min.umd.js'], 'start and submission, no values'],
  ['Mixpanel', 'mixpanel-browser@2.83.0', ['dist/mixpanel.min.js'], 'changes and submissions, no values'],
  ['PostHog', 'posthog-js@1.449.2', ['dist/array.js'], 'changes and submissions, no values'],
];

const folders = new Map();

/** The folder of a package, fetched once. */
async function fetchPackage(name, below) {
  if (!folders.has(name)) {
    const folder = await mkdtemp(join(below, 'package-'));
    await run('npm', ['pack', '--silent', name], { cwd: folder });
    const [archive] = await readdir(folder);
    await run('tar', ['xzf', archive], { cwd: folder });
    folders.set(name, join(folder, 'package'));
  }
  return folders.get(name);
}

const gzipped = code => gzipSync(code, { level: 9 }).length;

/** Bytes as they are or after terser, whichever is less; and gzipped. */
async function measure(code) {
  const { code: small } = await minify(code, { compress: { passes: 2 } });
  return [code, small].map(text => [Buffer.byteLength(text), gzipped(text)]).sort((a, b) => a[1] - b[1])[0];
}

const row = (name, [bytes, size], own, forms) =>
  `| ${name} | ${bytes.toLocaleString('en')} | ${size.toLocaleString('en')} | ${(size / own).toFixed(1)} | ${forms} |`;

const below = await mkdtemp(join(tmpdir(), 'sizes-'));
try {
  const own = await readFile(OWN, 'utf8');
  const ownSize = [Buffer.byteLength(own), gzipped(own)];
  const rows = [];
  for (const [name, packages, paths, forms] of PEERS) {
    const names = [packages].flat();
    const codes = await Promise.all(
      names.map(async (each, index) => readFile(join(await fetchPackage(each, below), paths[index]), 'utf8')),
    );
    const sizes = await Promise.all(codes.map(measure));
    const sum = sizes.reduce(([bytes, size], [moreBytes, moreSize]) => [bytes + moreBytes, size + moreSize]);
    rows.push([`${name} (${names.map(each => `\`${each}\``).join(' + ')})`, sum, forms]);
  }
  rows.sort((a, b) => a[1][1] - b[1][1]);
  console.log('| bundle | bytes | gzipped | times ours | captures forms by itself |\n| --- | --- | --- | --- | --- |');
  console.log(row('**ours**', ownSize, ownSize[1], 'values, recognised and redacted'));
  rows.forEach(([name, sizes, forms]) => console.log(row(name, sizes, ownSize[1], forms)));
} finally {
  await rm(below, { recursive: true, force: true });
}
