// A user at a real browser: `node e2e/user.mjs <action> <page URL>`.
//
//   reset   types an address, sends it with the keyboard, reads the result, copies the trace id; axe checks every state
//   submit  the same without axe, for when a service is down
//   leave   sends it and leaves the page at once
//
// Prints one line of JSON, {"done": true, …}, when done, and keeps the browser open until standard input ends, so that the
// browser sends pending requests. CHROMIUM overrides Debian's browser.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const EMAIL = 'grace.hopper@example.com';
const TRACE = '.trace code';
const ANSWER = '.outcome p';
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 320, height: 568 };

const [what, url] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const home = await mkdtemp(join(tmpdir(), 'person-'));
const context = await chromium.launchPersistentContext(home, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false,
  viewport: WIDE,
  args: [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-proxy-server',
  ],
});
try {
  const page = await context.newPage();
  /** Script errors and policy violations. */
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      complaints.push(message.text());
    }
  });
  await page.goto(url, { waitUntil: 'load' });
  const said = await { reset, submit, leave }[what](page);
  console.log(JSON.stringify({ done: true, complaints, ...said }));
  // Until the parent process closes the pipe.
  for await (const _ of process.stdin);
} finally {
  await context.close();
  await rm(home, { recursive: true, force: true });
}

async function submit(page) {
  await page.getByLabel('Email address').click();
  await page.keyboard.type(EMAIL);
  await page.getByRole('button', { name: 'Send reset email' }).click();
  await page.locator(ANSWER).waitFor();
  return { traceId: await page.locator(TRACE).innerText(), answer: await page.locator(ANSWER).innerText() };
}

async function reset(page) {
  const violations = await examine(page, 'at first');
  // With the keyboard alone, starting with an invalid address.
  await page.keyboard.press('Tab');
  await page.keyboard.type('grace');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  violations.push(...(await examine(page, 'after a mistake')));
  await page.keyboard.press('Control+A');
  await page.keyboard.type(EMAIL);
  await page.keyboard.press('Enter');
  await page.locator(ANSWER).waitFor();
  violations.push(...(await examine(page, 'with the answer')));

  const traceId = await page.locator(TRACE).innerText();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy the trace id' }).click();
  await page.getByText('Copied.').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  return { traceId, copied, answer: await page.locator(ANSWER).innerText(), link: await link(page), violations };
}

async function leave(page) {
  await page.getByLabel('Email address').click();
  await page.keyboard.type(EMAIL);
  // In one task, except for the microtask in which React renders: no response can arrive in between.
  const traceId = await page.evaluate(async (trace) => {
    document.querySelector('button[type=submit]').click();
    for (let turns = 0; turns < 100 && !document.querySelector(trace); turns++) {
      await null;
    }
    const { textContent } = document.querySelector(trace);
    window.location.href = 'about:blank';
    return textContent;
  }, TRACE);
  await page.waitForURL('about:blank');
  return { traceId };
}

async function link(page) {
  const links = page.getByRole('link', { name: 'Open in Sentry' });
  return (await links.count()) > 0 ? links.getAttribute('href') : null;
}

/** Returns axe's violations, wide and narrow, light and dark, and pages wider than a narrow window. */
async function examine(page, state) {
  const found = [];
  for (const viewport of [WIDE, NARROW]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      // By the debugger protocol, to which the page's policy does not apply.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      const where = `${state}, ${viewport.width} px, ${colorScheme}`;
      for (const { id, nodes } of violations) {
        found.push(
          `${where}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
        );
      }
      if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) {
        found.push(`${where}: wider than the window`);
      }
    }
  }
  await page.setViewportSize(WIDE);
  return found;
}
