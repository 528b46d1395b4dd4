// Builds the page in memory and prints its gzipped size by file and by library.
// Exits with 1 if the total exceeds SIZE_MAX_KB.
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** The maximum total size, in kB (1000 bytes) after gzip. */
const SIZE_MAX_KB = 125;

/** The libraries by the path of a module; the first match applies. */
const PARTS = [
  ['React', /node_modules\/(react|react-dom|scheduler)\//],
  ['OpenTelemetry', /node_modules\/@opentelemetry\//],
  ['Sentry', /node_modules\/@sentry\//],
  ['own code', /^|/],
];

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** Splits minified code by library, using its source map. */
function partsOf(code, map) {
  const sources = new SourceMap(map);
  const parts = new Map(PARTS.map(([name]) => [name, []]));
  code.split('\n').forEach((line, row) => {
    for (let column = 0; column < line.length; column++) {
      const source = sources.findEntry(row, column).originalSource ?? '';
      const [name] = PARTS.find(([, path]) => path.test(source));
      parts.get(name).push(line[column]);
    }
  });
  return [...parts].map(([name, characters]) => [name, gzipped(characters.join(''))]);
}

const { output } = await build({
  root: fileURLToPath(new URL('..', import.meta.url)),
  logLevel: 'warn',
  build: { write: false, sourcemap: 'hidden' },
});

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);
let total = 0;
for (const file of output.filter(({ fileName }) => /\.(js|css|html)$/.test(fileName))) {
  const size = gzipped(file.code ?? file.source);
  total += size;
  console.log(`${kilobytes(size)}  ${file.fileName}`);
  if (file.map) {
    const parts = partsOf(file.code, file.map);
    const sum = parts.reduce((sum, [, size]) => sum + size, 0);
    // Separate parts compress worse than the whole, so the compressed size of the whole is distributed by share.
    for (const [name, part] of parts) {
      console.log(`${kilobytes((part / sum) * size)}    ${name}`);
    }
  }
}
console.log(`${kilobytes(total)}  total, gzipped; the limit is ${SIZE_MAX_KB} kB`);
process.exitCode = total > SIZE_MAX_KB * 1000 ? 1 : 0;
