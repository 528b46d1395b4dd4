// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('page size is below its limit, with the production build of React', () => {
  // In the production mode: the tests' mode would build React for development.
  const { NODE_ENV: _, VITEST: __, ...env } = process.env;
  // Fails if the page is too large.
  const said = execFileSync('node', ['scripts/size.mjs'], { env, encoding: 'utf8' });
  const total = Number(/([\d.]+) kB {2}total/.exec(said)?.[1]);
  expect(total).toBeGreaterThan(50);
  expect(total).toBeLessThan(125);
  for (const part of ['React', 'OpenTelemetry', 'Sentry', 'own code']) {
    expect(said).toContain(part);
  }
}, 60_000);
