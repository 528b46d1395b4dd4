// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('the page stays below its limit, and react is not its development build', () => {
  // As a person runs it: the tests' own mode would build React for development.
  const { NODE_ENV: _, VITEST: __, ...env } = process.env;
  // Fails when the page is too heavy.
  const said = execFileSync('node', ['scripts/size.mjs'], { env, encoding: 'utf8' });
  const total = Number(/([\d.]+) kB {2}in all/.exec(said)?.[1]);
  expect(total).toBeGreaterThan(50);
  expect(total).toBeLessThan(125);
  for (const part of ['React', 'OpenTelemetry', 'Sentry', 'own code']) {
    expect(said).toContain(part);
  }
}, 60_000);
