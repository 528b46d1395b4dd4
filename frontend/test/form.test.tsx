import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { ResetForm } from '../src/ResetForm';
import type { Outcome } from '../src/reset-password';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

afterEach(cleanup);

/** The form, with an answer that the test gives when it wants to. */
function form(traceUrl: (traceId: string) => string | undefined = () => undefined) {
  let answer: (outcome: Outcome) => void = () => {};
  let count = 0;
  const request = vi.fn((_email: string) => ({
    traceId: `${TRACE.slice(0, -1)}${++count}`,
    outcome: new Promise<Outcome>((resolve) => {
      answer = resolve;
    }),
  }));
  render(<ResetForm request={request} traceUrl={traceUrl} />);
  return { request, answer: (outcome: Outcome) => answer(outcome), person: userEvent.setup() };
}

const email = () => screen.getByRole('textbox', { name: 'Email address' }) as HTMLInputElement;
const button = () => screen.getByRole('button', { name: /Send/ });

test('the keyboard alone sends it', async () => {
  const { request, person } = form();
  await person.tab();
  expect(document.activeElement).toBe(email());
  await person.keyboard(' ada@example.com {Enter}');
  expect(request).toHaveBeenCalledExactlyOnceWith('ada@example.com');
});

test('while it is under way the form says so, keeps the focus and sends nothing twice', async () => {
  const { request, answer, person } = form();
  await person.type(email(), 'ada@example.com');
  await person.click(button());
  expect(button().textContent).toBe('Sending…');
  expect(button().getAttribute('aria-disabled')).toBe('true');
  expect(document.activeElement).toBe(button());
  await person.click(button());
  expect(request).toHaveBeenCalledTimes(1);

  answer({ ok: true, message: 'Sent.' });
  await screen.findByText('Sent.');
  expect(button().getAttribute('aria-disabled')).toBe('false');
  await person.click(button());
  expect(request).toHaveBeenCalledTimes(2);
});

test('the answer stands where a screen reader hears of it', async () => {
  const { answer, person } = form();
  const region = document.querySelector('[aria-live="polite"]');
  expect(region?.textContent).toBe('');
  await person.type(email(), 'ada@example.com{Enter}');
  expect(region?.textContent).toBe('Sending…');
  answer({ ok: false, message: 'The service cannot be reached.' });
  await waitFor(() => expect(region?.textContent).toBe('The service cannot be reached.'));
  expect(region?.querySelector('.error')).toBeTruthy();
});

test.each(['', '   ', 'ada', 'ada@', '@example.com'])('what is no address is not sent: %j', async (typed) => {
  const { request, person } = form();
  if (typed) {
    await person.type(email(), typed);
  }
  await person.click(button());
  expect(request).not.toHaveBeenCalled();
  const alert = screen.getByRole('alert');
  expect(email().getAttribute('aria-invalid')).toBe('true');
  expect(email().getAttribute('aria-describedby')).toBe(alert.id);
  expect(document.activeElement).toBe(email());

  await person.type(email(), 'x');
  expect(screen.queryByRole('alert')).toBeNull();
});

test('the trace is there from the first moment, can be copied, and is replaced by the next', async () => {
  const { answer, person } = form((traceId) => `https://acme.sentry.io/explore/traces/trace/${traceId}/`);
  expect(screen.queryByText(/Trace of the last request/)).toBeNull();
  await person.type(email(), 'ada@example.com{Enter}');
  const first = `${TRACE.slice(0, -1)}1`;
  screen.getByText(first);
  expect(screen.getByRole('link', { name: 'Open in Sentry' }).getAttribute('href')).toContain(first);

  await person.click(screen.getByRole('button', { name: 'Copy the trace id' }));
  await screen.findByText('Copied.');
  expect(await navigator.clipboard.readText()).toBe(first);

  answer({ ok: true, message: 'Sent.' });
  await screen.findByText('Sent.');
  await person.click(button());
  screen.getByText(`${TRACE.slice(0, -1)}2`);
  expect(screen.queryByText('Copied.')).toBeNull();
});

test('a clipboard that refuses is said, and without settings there is no link', async () => {
  const { person } = form();
  await person.type(email(), 'ada@example.com{Enter}');
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('refused'));
  await person.click(screen.getByRole('button', { name: 'Copy the trace id' }));
  await screen.findByText(/select the id/);
  expect(screen.queryByRole('link')).toBeNull();
});

test('who followed the link in the mail is told where the demo ends', () => {
  const request = vi.fn();
  const { rerender } = render(<ResetForm request={request} traceUrl={() => undefined} />);
  expect(screen.queryByText(/demo ends/)).toBeNull();
  rerender(<ResetForm request={request} traceUrl={() => undefined} fromMail />);
  screen.getByText(/demo ends/);
});
