// Builds the page in memory and prints how much of it goes over the wire, gzipped, and what it is made of.
// Exits with 1 when that is more than LIMIT.
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** What the page may weigh in all, in kB (1000 bytes) after gzip. */
const LIMIT = 125;

/** Whose a module is, by its path; the first that fits. */
const PARTS = [
  ['React', /node_modules\/(react|react-dom|scheduler)\//],
  ['OpenTelemetry', /node_modules\/@opentelemetry\//],
  ['Sentry', /node_modules\/@sentry\//],
  ['own code', /^|/],
];

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** Sorts the characters of minified code by whose they are, with the help of its source map. */
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
    // Apart they compress a little worse than together: each has its share of what they weigh together.
    for (const [name, part] of parts) {
      console.log(`${kilobytes((part / sum) * size)}    ${name}`);
    }
  }
}
console.log(`${kilobytes(total)}  in all, gzipped; the limit is ${LIMIT} kB`);
process.exitCode = total > LIMIT * 1000 ? 1 : 0;
